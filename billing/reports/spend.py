"""What was spent and refused over the customer's days, grouped by day, model or key.

Reads days and the sums of the last hours (`day_sums`); never the records.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncDate

from accounts.models import ApiKey, Organization
from billing.models import Refusal
from billing.reports import day_sums, days

GROUPS = ("day", "model", "key")
# A late settle may leave a row of no calls behind.
_SUMS = (
    "sum(calls), sum(errors), sum(input_tokens), sum(cached_input_tokens), sum(output_tokens),"
    " sum(charge_nanos) GROUP BY 1 HAVING sum(calls) > 0"
)


@dataclass(slots=True)
class Total:
    """One row of the usage table; `key` is what a link to its calls filters by."""

    key: str
    label: str
    calls: int = 0
    failed: int = 0
    refused: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    charge_nanos: int = 0

    def add(self, other: "Total") -> None:
        self.calls += other.calls
        self.failed += other.failed
        self.refused += other.refused
        self.input_tokens += other.input_tokens
        self.cached_tokens += other.cached_tokens
        self.output_tokens += other.output_tokens
        self.charge_nanos += other.charge_nanos


def by_day_and_model(
    organization: Organization, span: list[date], *, key_id: str = ""
) -> dict[tuple[date, str], int]:
    """Nanos spent per day of the customer's and model, over the days of `span`; by one key alone if
    named. One query."""
    rows = day_sums.of_organization(
        organization,
        span[0],
        "day, model, sum(charge_nanos) GROUP BY 1, 2 HAVING sum(charge_nanos) > 0",
        where="api_key = %(key)s" if key_id else "true",
        key=key_id,
    )
    return {(day, model): int(spent) for day, model, spent in rows}


def totals(organization: Organization, span: list[date], group: str) -> list[Total]:
    """Rows of the usage table; days newest first, models and keys by what they cost."""
    found: dict[str, Total] = {}
    since = days.start_of(span[0])
    column = {"day": "day", "model": "model", "key": "api_key"}[group]
    for key, *sums in day_sums.of_organization(organization, span[0], f"{column}, {_SUMS}"):
        calls, failed, fresh, cached, output, spent = map(int, sums)
        found[str(key)] = Total(
            key=str(key),
            label="",
            calls=calls,
            failed=failed,
            input_tokens=fresh,
            cached_tokens=cached,
            output_tokens=output,
            charge_nanos=spent,
        )
    for row in turned_away(organization, since, group):
        key = str(row["group"] or "")
        total = found.setdefault(key, Total(key=key, label=""))
        total.refused = row["refused"]
    rows = list(found.values())
    name(rows, group)
    if group == "day":
        return sorted(rows, key=lambda row: row.key, reverse=True)
    return sorted(rows, key=lambda row: (-row.charge_nanos, -row.calls, row.label))


def turned_away(organization: Organization, since: datetime, group: str) -> QuerySet[Any, Any]:
    query = Refusal.objects.filter(organization=organization, at__gte=since)
    column = {"day": "day", "model": "model", "key": "api_key_id"}[group]
    grouped = query.annotate(day=TruncDate("at")).values(group=F(column))
    return grouped.annotate(refused=Sum("multiplier"))


def name(rows: list[Total], group: str) -> None:
    """Give each row the words a person reads: a key's name instead of its id."""
    names: dict[str, str] = {}
    if group == "key":
        keys = ApiKey.objects.filter(id__in=[row.key for row in rows])
        names = {key.id: key.name for key in keys}
    for row in rows:
        row.label = names.get(row.key, row.key)


def summed(rows: list[Total]) -> Total:
    """The totals row."""
    total = Total(key="", label="")
    for row in rows:
        total.add(row)
    return total


def by_key_today_and_month(organization: Organization) -> dict[str, tuple[int, int]]:
    """Nanos spent per key: today, and since the first of the month (local days). One query."""
    today = days.last(1)[0]
    rows = day_sums.of_organization(
        organization,
        today.replace(day=1),
        "api_key, COALESCE(sum(charge_nanos) FILTER (WHERE day = %(today)s), 0), sum(charge_nanos)"
        " GROUP BY 1",
        today=today,
    )
    spent: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    spent.update({key_id: (int(today), int(month)) for key_id, today, month in rows if key_id})
    return spent
