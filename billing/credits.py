"""Credits and what takes them back: every move of a balance but use. Books it and tells the gate.

The books come first. What the gate must hear of waits in the outbox, and the gate takes each
transaction once, whatever is repeated. Taking back what a customer may be spending at this moment
is `billing.take_backs`.
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

# Where the money of each kind comes from, or goes back to.
SOURCES = {
    TransactionKind.TOP_UP: AccountKind.CLEARING,
    TransactionKind.REFUND: AccountKind.CLEARING,
    TransactionKind.DISPUTE: AccountKind.CLEARING,
    TransactionKind.DISPUTE_WON: AccountKind.CLEARING,
    TransactionKind.REDEEM_CODE: AccountKind.GRANTS,
    TransactionKind.GRANT: AccountKind.GRANTS,
    TransactionKind.ADJUSTMENT: AccountKind.ADJUSTMENTS,
    TransactionKind.WRITE_OFF: AccountKind.WRITE_OFF,
}
# A refund and a dispute only ever take; a write-off forgives what a dispute left below zero.
RAISING = frozenset(SOURCES) - {TransactionKind.REFUND, TransactionKind.DISPUTE}
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


@dataclass(frozen=True, slots=True)
class Order:
    """A move of one balance to be: signed nanos, and by whose word."""

    organization: Organization
    kind: TransactionKind
    amount_nanos: int
    external_id: str
    reason: str
    actor: User | None

    def posting(self) -> Posting:
        """The two entries of it."""
        site_id = self.organization.site_id
        return Posting(
            site_id=site_id,
            kind=self.kind,
            external_id=self.external_id,
            amounts={
                ledger.customer(site_id, self.organization.pk): self.amount_nanos,
                ledger.house(site_id, SOURCES[self.kind]): -self.amount_nanos,
            },
            reason=self.reason,
            actor_id=self.actor.pk if self.actor else None,
        )


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
    check_amount(amount_nanos)
    if kind not in RAISING:
        raise CreditRefused(f"a {kind} raises no balance")
    order = Order(organization, kind, amount_nanos, external_id, reason, actor)
    return _book_and_tell(order)


def dispute(
    organization: Organization,
    *,
    amount_nanos: int,
    reason: str,
    external_id: str,
    actor: User | None = None,
) -> Credit:
    """Take `amount_nanos` (positive) because the customer's bank took it from us.

    The only move that may leave less than zero, and it is booked whatever the gate says; a gate
    that is closed hears of it later. Idempotent and refused as `top_up`; a dispute that is won is a
    `top_up` of kind DISPUTE_WON.
    """
    check_amount(amount_nanos)
    kind = TransactionKind.DISPUTE
    return _book_and_tell(Order(organization, kind, -amount_nanos, external_id, reason, actor))


def check_amount(amount_nanos: int) -> None:
    """Raises CreditRefused for what is no amount to move."""
    if not 0 < amount_nanos <= NANOS_MAX:
        raise CreditRefused("an amount is more than 0 and at most 9 million")


def _book_and_tell(order: Order) -> Credit:
    organization, amount_nanos = order.organization, order.amount_nanos
    with transaction.atomic():
        posted = ledger.post(order.posting())
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
        # What waits here and takes is a dispute: nothing else takes without asking the gate first.
        result = connections.steward().credit(
            organization.site_id,
            organization.pk,
            row.amount_nanos,
            str(row.pk),
            allow_negative=row.amount_nanos < 0,
        )
        row.applied_at = now
        row.save(update_fields=["applied_at"])
        if result.available_nanos > 0:
            episodes.close_paid(organization.pk, now)
    balance_changed.send_robust(sender=None, organization_ids=frozenset({organization.pk}))
    return True
