"""The lines of an organization's ledger account, newest first. Reads only what the books hold."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ObjectDoesNotExist

from accounts.models import Organization

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of the balance."""

    id: int
    at: datetime
    kind: str
    reason: str
    amount_nanos: int
    balance_after_nanos: int


@dataclass(frozen=True, slots=True)
class Statement:
    """Lines, and the id after which the older ones begin (None: there are none)."""

    lines: list[Line]
    older: int | None


def read(
    organization: Organization, *, before: int | None = None, rows_max: int = PAGE_ROWS
) -> Statement:
    """The newest lines, or those before a line's id. An organization without books has none."""
    try:
        account = organization.ledger_account
    except ObjectDoesNotExist:
        return Statement([], None)
    query = account.entries.select_related("transaction").order_by("-id")
    if before is not None:
        query = query.filter(id__lt=before)
    entries = list(query[: rows_max + 1])
    lines = [
        Line(
            id=entry.pk,
            at=entry.transaction.created_at,
            kind=entry.transaction.get_kind_display(),
            # Usage is booked in batches whose reason is bookkeeping, not news.
            reason="" if entry.transaction.kind == "charge" else entry.transaction.reason,
            amount_nanos=entry.amount_nanos,
            balance_after_nanos=entry.balance_after_nanos,
        )
        for entry in entries[:rows_max]
    ]
    return Statement(lines, lines[-1].id if len(entries) > rows_max else None)
