"""Takes money back from a balance that Calls may be spending at this moment: refunds, corrections.

The gate is asked before the books commit, because only the gate knows what is held and used since;
a balance never goes below zero here. A payment dispute does not ask: `billing.credits.dispute`.
"""

import logging
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from accounts.models import Organization, User
from billing import connections, ledger, site_locks
from billing.credits import Credit, CreditRefused, Order, check_amount
from billing.gate.errors import GateClosed
from billing.ledger import InsufficientBalance, TransactionKind
from billing.models import CreditOutbox
from billing.signals import balance_changed

logger = logging.getLogger(__name__)

# A grant or redeemed code that should not have been is an adjustment, so that its reason is told.
KINDS = frozenset({TransactionKind.REFUND, TransactionKind.ADJUSTMENT})


def take_back(
    organization: Organization,
    *,
    amount_nanos: int,
    reason: str,
    external_id: str,
    kind: TransactionKind = TransactionKind.ADJUSTMENT,
    actor: User | None = None,
    alongside: Callable[[], None] | None = None,
) -> Credit:
    """Lower the balance by `amount_nanos` (positive), at gate and books alike, or not at all.

    Call it outside any database transaction. Idempotent by (kind, external id) as `top_up`. Raises
    InsufficientBalance when less is available, and GateError when the gate can't be asked: nothing
    is booked then. Should this process die between gate and commit, the customer has less than the
    books say; the audit tells, and a rebuild of the gate gives it back.
    """
    check_amount(amount_nanos)
    if kind not in KINDS:
        raise CreditRefused(f"a {kind} takes nothing back")
    order = Order(organization, kind, -amount_nanos, external_id, reason, actor)
    # A rebuild between gate and commit would read books that do not know of it yet.
    with site_locks.posting(organization.site_id) as is_free:
        if not is_free:
            raise GateClosed("the gate is being rebuilt")
        taken = _Taking(order, alongside)
        try:
            with transaction.atomic(durable=True):
                credit = taken.book()
        except BaseException:
            taken.undo()
            raise
    if not credit.is_replay:
        ids = frozenset({organization.pk})
        balance_changed.send_robust(sender=None, organization_ids=ids)
    return credit


class _Taking:
    """One take-back under way, which knows whether the gate has made it."""

    def __init__(self, order: Order, alongside: Callable[[], None] | None) -> None:
        self._order = order
        self._alongside = alongside  # writes what stands or falls with it
        self._taken_as: str | None = None

    def book(self) -> Credit:
        """Post it and, as the last step before the commit, take it from the gate."""
        order = self._order
        posted = ledger.post(order.posting())
        if posted.is_replay:
            return Credit(posted.transaction_id, is_replay=True)
        CreditOutbox.objects.create(
            transaction_id=posted.transaction_id,
            organization=order.organization,
            amount_nanos=order.amount_nanos,
            applied_at=timezone.now(),
        )
        if self._alongside is not None:
            self._alongside()
        name = str(posted.transaction_id)
        result = self._move(order.amount_nanos, name)
        if not result:
            raise InsufficientBalance(f"{order.organization.pk} has less than that available")
        self._taken_as = name
        return Credit(posted.transaction_id, is_replay=False)

    def undo(self) -> None:
        """Give it back to the gate: the commit failed, and its transaction's id is never used."""
        if self._taken_as is None:
            return
        logger.warning("take-back %s was not committed: undone", self._taken_as)
        self._move(-self._order.amount_nanos, f"{self._taken_as}:undone")

    def _move(self, amount_nanos: int, name: str) -> bool:
        organization = self._order.organization
        steward = connections.steward()
        return steward.credit(organization.site_id, organization.pk, amount_nanos, name).is_applied
