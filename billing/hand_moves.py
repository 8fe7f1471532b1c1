"""Credits and debits that a person books by hand, with a reason and a trace in the audit log.

The rules of money are `billing.credits` and `take_backs`; this adds who did it. A debit never
leaves less than zero: only a bank's dispute does.
"""

from django.db import transaction

from accounts import audit
from accounts.models import Organization
from billing import credits, take_backs
from billing.credits import Credit, CreditRefused
from billing.ledger import TransactionKind
from billing.money import format_nanos

# A refund or a dispute follows from a payment, a redeemed code from its code: nobody enters them.
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
