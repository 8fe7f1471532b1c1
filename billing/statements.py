"""What a month did to a customer's balance: opening, movements, closing. Reads only the books.

Usage is booked many times a minute; here it is one movement a day, in the customer's time zone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Sum
from django.db.models.functions import TruncDate

from accounts.models import Organization
from accounts.time_zones import zone_of
from billing import ledger
from billing.errors import BillingError
from billing.ledger import TransactionKind
from billing.models import LedgerEntry

# A month of one customer's payments; more than that is no statement for a person.
MOVEMENTS_MAX = 10_000


class StatementTooLong(BillingError):
    """More movements than a statement shows."""

    code = "statement_too_long"


@dataclass(frozen=True, slots=True)
class Move:
    """What happened: one entry of the books, or `entries` of a day's usage."""

    at: datetime
    kind: str
    reason: str
    amount_nanos: int
    entries: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A move, and the balance that it left."""

    move: Move
    balance_nanos: int


@dataclass(frozen=True, slots=True)
class Statement:
    """`closing_nanos` is the opening and all moves, and the opening of the next statement."""

    opening_nanos: int
    lines: tuple[Line, ...]
    closing_nanos: int

    def total_nanos(self, kind: str) -> int:
        """All moves of one kind."""
        return sum(line.move.amount_nanos for line in self.lines if line.move.kind == kind)


def compose(opening_nanos: int, moves: Iterable[Move]) -> Statement:
    """The statement that moves make of an opening balance, in the order of their time. Pure."""
    balance = opening_nanos
    lines = []
    for move in sorted(moves, key=lambda each: each.at):
        balance += move.amount_nanos
        lines.append(Line(move, balance))
    return Statement(opening_nanos, tuple(lines), balance)


def of_month(organization: Organization, month: date) -> Statement:
    """The statement of the month that a day lies in, from midnight to midnight where the customer
    is. Raises StatementTooLong."""
    start, end = span_of(month, zone_of(organization.time_zone))
    opening = ledger.balance_nanos_at(organization.pk, start)
    return compose(opening, _read(organization, start, end))


def span_of(month: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The month's first instant and the next one's."""
    following = month.replace(day=28).toordinal() + 4
    ends = [month.replace(day=1), date.fromordinal(following).replace(day=1)]
    first, after = (datetime(day.year, day.month, 1, tzinfo=zone) for day in ends)
    return first, after


def _read(organization: Organization, start: datetime, end: datetime) -> list[Move]:
    entries = LedgerEntry.objects.filter(
        account__organization=organization,
        transaction__created_at__gte=start,
        transaction__created_at__lt=end,
    )
    usage = {"transaction__kind": TransactionKind.CHARGE}
    fields = ("transaction__created_at", "transaction__kind", "transaction__reason", "amount_nanos")
    rows = entries.exclude(**usage).order_by("pk").values_list(*fields)[: MOVEMENTS_MAX + 1]
    moves = [Move(*row) for row in rows]
    if len(moves) > MOVEMENTS_MAX:
        raise StatementTooLong(f"more than {MOVEMENTS_MAX} movements")
    days = (
        entries.filter(**usage)
        .annotate(day=TruncDate("transaction__created_at", tzinfo=start.tzinfo))
        .values("day")
        .annotate(at=Max("transaction__created_at"), nanos=Sum("amount_nanos"), entries=Count("pk"))
        .order_by("day")
    )
    moves += [
        Move(row["at"], TransactionKind.CHARGE.value, "", int(row["nanos"]), row["entries"])
        for row in days
    ]
    return moves
