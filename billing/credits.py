"""Credits: money that an organization gets other than by use. Books it, then tells the gate.

The books come first. What the gate must hear of waits in the outbox, and the gate takes each
transaction once, whatever is repeated.
"""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import Organization, User
from billing import connections, episodes, ledger
from billing.errors import BillingError
from billing.gate.errors import GateError
from billing.gate.wire import NANOS_MAX
from billing.ledger import AccountKind, Posting, TransactionKind
from billing.models import CreditOutbox
from billing.signals import balance_changed

logger = logging.getLogger(__name__)

# Where the money of each kind comes from.
SOURCES = {
    TransactionKind.TOP_UP: AccountKind.CLEARING,
    TransactionKind.GRANT: AccountKind.GRANTS,
    TransactionKind.ADJUSTMENT: AccountKind.ADJUSTMENTS,
}
# One run of the task; each takes two round trips, so that a run stays under a second.
APPLIED_PER_RUN_MAX = 200


class CreditRefused(BillingError, ValueError):
    """Not an amount to credit."""

    code = "credit_refused"


@dataclass(frozen=True, slots=True)
class Credit:
    """A booked credit; `is_replay`: it had been booked before and counted once."""

    transaction_id: int
    is_replay: bool


def top_up(
    organization: Organization,
    *,
    amount_nanos: int,
    reason: str,
    external_id: str,
    actor: User | None = None,
    kind: TransactionKind = TransactionKind.TOP_UP,
) -> Credit:
    """Raise the balance. Calls may spend it within a second of the commit.

    Idempotent by (kind, external id), which name the credit across all sites: the same again
    changes nothing, another amount or organization raises `ledger.PostingDiffers`. Raises
    CreditRefused for an amount that is not positive or that the gate could not compute exactly.
    """
    if not 0 < amount_nanos <= NANOS_MAX:
        raise CreditRefused("a credit is more than 0 and at most 9 million")
    with transaction.atomic():
        posted = ledger.post(
            Posting(
                site_id=organization.site_id,
                kind=kind,
                external_id=external_id,
                amounts={
                    ledger.customer(organization.site_id, organization.pk): amount_nanos,
                    ledger.house(organization.site_id, SOURCES[kind]): -amount_nanos,
                },
                reason=reason,
                actor_id=actor.pk if actor else None,
            )
        )
        if not posted.is_replay:
            CreditOutbox.objects.create(
                transaction_id=posted.transaction_id,
                organization=organization,
                amount_nanos=amount_nanos,
            )
        transaction.on_commit(lambda: _apply_soon(posted.transaction_id), robust=True)
    return Credit(posted.transaction_id, posted.is_replay)


def apply_waiting() -> int:
    """Tell the gate of credits that it has not heard of yet, oldest first; how many it has now.

    A site whose gate is closed keeps its credits waiting and holds up nobody else's.
    """
    waiting = CreditOutbox.objects.filter(applied_at=None).order_by("pk")
    ids = waiting.values_list("pk", flat=True)[:APPLIED_PER_RUN_MAX]
    return sum(_apply_soon(transaction_id) for transaction_id in list(ids))


def _apply_soon(transaction_id: int) -> bool:
    try:
        return apply(transaction_id)
    except GateError as error:
        # Nothing is lost: the row waits, and the task tries again every second.
        logger.warning("credit %s waits for the gate: %s", transaction_id, error)
        return False


def apply(transaction_id: int) -> bool:
    """Tell the gate of one credit; False when it knew or another process is telling it.

    Raises GateError when the gate can't be told now.
    """
    now = timezone.now()
    with transaction.atomic():
        row = (
            CreditOutbox.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("organization")
            .filter(pk=transaction_id, applied_at=None)
            .first()
        )
        if row is None:
            return False
        organization = row.organization
        result = connections.steward().credit(
            organization.site_id, organization.pk, row.amount_nanos, str(row.pk)
        )
        row.applied_at = now
        row.save(update_fields=["applied_at"])
        if result.available_nanos > 0:
            episodes.close_paid(organization.pk, now)
    balance_changed.send_robust(sender=None, organization_ids=frozenset({organization.pk}))
    return True
