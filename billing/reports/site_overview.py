"""How a site does, for the people who run it: money, calls, refusals, its biggest customers.

Reads the sums by quarter of an hour and the refusals, never a record of a single Call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum
from django.db.models.functions import TruncDate

from accounts.models import Organization, Site
from billing.charts import Chart, chart_of
from billing.models import Refusal, UsageRollup
from billing.reports import days

# Who and what counts most fits a glance; the lists of customers and models hold the rest.
TOP_MAX = 10
# Codes are a short list; a caller cannot make new ones.
CODES_MAX = 50


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums of a span."""

    charged_nanos: int
    cost_nanos: int
    calls: int
    failed: int
    customers: int

    @property
    def margin_nanos(self) -> int:
        return self.charged_nanos - self.cost_nanos

    @property
    def margin_percent(self) -> int | None:
        """Whole per cent of what was charged, rounded down; None without any."""
        return self.margin_nanos * 100 // self.charged_nanos if self.charged_nanos > 0 else None

    @property
    def success(self) -> str:
        """Per cent with one decimal, rounded down: 99.96 % is not 100 %; "" without calls."""
        if not self.calls:
            return ""
        whole, tenth = divmod((self.calls - self.failed) * 1000 // self.calls, 10)
        return f"{whole}.{tenth}" if whole < 100 else "100"


@dataclass(frozen=True, slots=True)
class RefusedCode:
    """Refusals with one code."""

    code: str
    status: int
    count: int
    organizations: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Top:
    """A customer or a model, and what it brought."""

    id: str
    name: str
    calls: int
    charged_nanos: int
    cost_nanos: int

    @property
    def margin_nanos(self) -> int:
        return self.charged_nanos - self.cost_nanos


class SiteOverview:
    """Lazy: each part is read when the page first asks for it, one or two queries each."""

    def __init__(self, site: Site, span: list[date]) -> None:
        self.site = site
        self.span = span

    @cached_property
    def _since(self) -> datetime:
        return days.start_of(self.span[0])

    @property
    def _sums(self) -> QuerySet[UsageRollup]:
        return UsageRollup.objects.filter(site=self.site, start__gte=self._since)

    @cached_property
    def figures(self) -> Figures:
        row = self._sums.aggregate(
            charged=Sum("charge_nanos", default=0),
            cost=Sum("cost_nanos", default=0),
            calls=Sum("calls", default=0),
            failed=Sum("errors", default=0),
            customers=Count("organization", distinct=True),
        )
        names = ("charged", "cost", "calls", "failed", "customers")
        return Figures(*(int(row[name]) for name in names))

    @cached_property
    def refused(self) -> list[RefusedCode]:
        """By code, the most frequent first."""
        rows = (
            Refusal.objects.filter(organization__site=self.site, at__gte=self._since)
            .values("code", "status")
            .annotate(
                count=Sum("multiplier"),
                organizations=Count("organization", distinct=True),
                last_at=Max("at"),
            )
            .order_by("-count", "code")[:CODES_MAX]
        )
        return [RefusedCode(**row) for row in rows]

    @property
    def refused_count(self) -> int:
        return sum(row.count for row in self.refused)

    @cached_property
    def customers(self) -> list[Top]:
        rows = self._top("organization")
        found = Organization.objects.in_bulk([row["id"] for row in rows])
        return [_top(row, found[row["id"]].name) for row in rows]

    @cached_property
    def models(self) -> list[Top]:
        return [_top(row, row["id"]) for row in self._top("model")]

    @cached_property
    def chart(self) -> Chart:
        rows = (
            self._sums.annotate(day=TruncDate("start"))
            .values_list("day", "model")
            .annotate(spent=Sum("charge_nanos"))
            .filter(spent__gt=0)
        )
        return chart_of(self.span, {(day, model): int(spent) for day, model, spent in rows})

    def _top(self, column: str) -> list[dict[str, Any]]:
        rows = (
            self._sums.values(column)
            .annotate(n=Sum("calls"), charged=Sum("charge_nanos"), cost=Sum("cost_nanos"))
            .order_by("-charged", column)[:TOP_MAX]
        )
        return [{**row, "id": row[column]} for row in rows]


def _top(row: Mapping[str, Any], name: str) -> Top:
    return Top(row["id"], name, int(row["n"]), int(row["charged"]), int(row["cost"]))
