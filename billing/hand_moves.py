"""Credits and debits that a person books by hand, with a reason and a trace in the audit log.

The rules of money are `billing.credits` and `take_backs`; this adds who did it. A debit never
leaves less than zero: only a bank's dispute does.
"""

from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import Organization
from billing import credits, take_backs
from billing.credits import Credit, CreditRefused
from billing.ledger import TransactionKind
from billing.money import format_nanos

# A refund follows from a payment, a redeemed code from its code: nobody enters them.
CREDIT_KINDS = (TransactionKind.TOP_UP, TransactionKind.GRANT, TransactionKind.ADJUSTMENT)


def credit(
    organization: Organization,
    *,
    amount_nanos: int,
    reason: str,
    external_id: str,
    by: audit.Actor,
    kind: TransactionKind = TransactionKind.TOP_UP,
) -> Credit:
    """Raise the balance; idempotent and refused as `credits.top_up`."""
    if kind not in CREDIT_KINDS:
        raise CreditRefused(f"a {kind} is not entered by hand")
    with transaction.atomic():
        booked = credits.top_up(
            organization,
            amount_nanos=amount_nanos,
            reason=reason,
            external_id=external_id,
            actor=by.user,
            kind=kind,
        )
        if not booked.is_replay:
            record(organization, "balance.credit", kind, amount_nanos, reason, by=by)
    return booked


def debit(
    organization: Organization,
    *,
    amount_nanos: int,
    reason: str,
    external_id: str,
    by: audit.Actor,
) -> Credit:
    """Lower the balance by what is wrong with it; idempotent and refused as `take_backs.take_back`.

    Call it outside any database transaction.
    """
    kind = TransactionKind.ADJUSTMENT
    return take_backs.take_back(
        organization,
        amount_nanos=amount_nanos,
        reason=reason,
        external_id=external_id,
        kind=kind,
        actor=by.user,
        alongside=lambda: record(organization, "balance.debit", kind, -amount_nanos, reason, by=by),
    )


def dispute(
    organization: Organization,
    *,
    amount_nanos: int,
    reason: str,
    external_id: str,
    by: audit.Actor,
    kind: TransactionKind = TransactionKind.DISPUTE,
) -> Credit:
    """Take what the customer's bank took back from us, also below zero; or (DISPUTE_WON) give it
    again. Idempotent and refused as `credits.dispute` and `credits.top_up`."""
    is_won = kind == TransactionKind.DISPUTE_WON
    if not is_won and kind != TransactionKind.DISPUTE:
        raise CreditRefused(f"a {kind} is no dispute")
    move: dict[str, Any] = {
        "amount_nanos": amount_nanos,
        "reason": reason,
        "external_id": external_id,
        "actor": by.user,
    }
    with transaction.atomic():
        if is_won:
            booked = credits.top_up(organization, kind=kind, **move)
        else:
            booked = credits.dispute(organization, **move)
        if not booked.is_replay:
            action = "balance.dispute_won" if is_won else "balance.dispute"
            signed_nanos = amount_nanos if is_won else -amount_nanos
            record(organization, action, kind, signed_nanos, reason, by=by)
    return booked


def record(
    organization: Organization,
    action: str,
    kind: str,
    amount_nanos: int,
    reason: str,
    *,
    by: audit.Actor,
) -> None:
    """The trace of a move: signed, in the site's currency."""
    amount = f"{format_nanos(amount_nanos)} {organization.site.currency}"
    audit.record(
        by,
        action,
        organization,
        organization=organization,
        after={"kind": str(kind), "amount": amount},
        reason=reason,
    )
