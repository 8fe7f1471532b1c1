"""How a site does, for the people who run it: money, calls, refusals, its biggest customers.

Reads days, the sums of the last hours and the refusals, never a record of a single Call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Max, Sum

from accounts.models import Organization, Site
from billing.charts import COLOURS, Chart, chart_of
from billing.models import Refusal
from billing.reports import day_sums, days

# Who and what counts most fits a glance; the lists of customers and models hold the rest.
TOP_MAX = 10
_BROUGHT = "sum(calls), sum(charge_nanos), sum(cost_nanos)"
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
        self.kept_at: datetime | None = None

    def read_all(self, at: datetime) -> None:
        """Read every part now, for keeping."""
        self.kept_at = at
        for part in ("figures", "refused", "customers", "models", "chart"):
            getattr(self, part)

    @cached_property
    def figures(self) -> Figures:
        names = ("charge_nanos", "cost_nanos", "calls", "errors")
        sums = ", ".join(f"COALESCE(sum({name}), 0)" for name in names)
        [row] = day_sums.of_site(self.site, self.span[0], sums)
        charged, cost, called, failed = map(int, row)
        return Figures(charged, cost, called, failed, self._customers[0])

    @cached_property
    def refused(self) -> list[RefusedCode]:
        """By code, the most frequent first."""
        rows = (
            Refusal.objects.filter(
                organization__site=self.site, at__gte=days.start_of(self.span[0])
            )
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

    @property
    def customers(self) -> list[Top]:
        return self._customers[1]

    @cached_property
    def _customers(self) -> tuple[int, list[Top]]:
        """How many called, and those who brought most."""
        rows = day_sums.of_customers(
            self.site,
            self.span[0],
            f"organization_id, {_BROUGHT}, count(*) OVER () GROUP BY 1 HAVING sum(calls) > 0"
            f" ORDER BY 3 DESC, 1 LIMIT {TOP_MAX}",
        )
        found = Organization.objects.in_bulk([row[0] for row in rows])
        return rows[0][4] if rows else 0, [_top(row, found[row[0]].name) for row in rows]

    @cached_property
    def models(self) -> list[Top]:
        rows = day_sums.of_site(
            self.site,
            self.span[0],
            f"model, {_BROUGHT} GROUP BY 1 HAVING sum(calls) > 0"
            f" ORDER BY 3 DESC, 1 LIMIT {TOP_MAX}",
        )
        return [_top(row, row[0]) for row in rows]

    @property
    def _named(self) -> list[Top]:
        """The models with a colour of their own; where there are more, one colour is theirs."""
        return self.models if len(self.models) <= COLOURS else self.models[: COLOURS - 1]

    @cached_property
    def chart(self) -> Chart:
        """By day; the models that have a colour of their own, and all others as one."""
        rows = day_sums.of_site(
            self.site,
            self.span[0],
            "day, CASE WHEN model = ANY(%(named)s) THEN model ELSE '' END, sum(charge_nanos)"
            " GROUP BY 1, 2 HAVING sum(charge_nanos) > 0",
            named=[each.id for each in self._named],
        )
        return chart_of(self.span, {(day, model): int(spent) for day, model, spent in rows})


def _top(row: Sequence[Any], name: str) -> Top:
    called, charged, cost = map(int, row[1:4])
    return Top(row[0], name, called, charged, cost)
