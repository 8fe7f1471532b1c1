"""The figures of the overview page, each read when the page first asks for it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Aggregate, Count, IntegerField, OuterRef, Q, Subquery, Sum

from accounts.models import ApiKey, Organization
from billing import balances
from billing.charts import Chart, chart_of
from billing.models import Refusal, UsageRecord
from billing.reports import calls, days, spend

LATEST_ROWS = 10
CHART_DAYS = 30


class Median(Aggregate):
    """The middle value as the database has it: no interpolation, so it stays an integer."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = IntegerField()


@dataclass(frozen=True, slots=True)
class Today:
    """The local day so far."""

    spent_nanos: int
    calls: int
    answered_well: int
    refused: int
    first_byte_ms: int | None

    @property
    def requests(self) -> int:
        return self.calls + self.refused

    @property
    def success(self) -> str:
        """Per cent with one decimal, rounded down: 99.96 % is not 100 %."""
        if not self.requests:
            return ""
        whole, tenth = divmod(self.answered_well * 1000 // self.requests, 10)
        return f"{whole}.{tenth}" if whole < 100 else "100"


class Overview:
    """Lazy: a live refresh of one part pays for that part only."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization

    @cached_property
    def balance(self) -> balances.Balance:
        return balances.read(self.organization)

    @cached_property
    def today(self) -> Today:
        since = days.start_of(days.last(1)[0])
        used: dict[str, Any] = UsageRecord.objects.filter(
            organization=self.organization, admitted_at__gte=since
        ).aggregate(
            spent=Sum("charge_nanos", default=0),
            calls=Count("request_id"),
            well=Count("request_id", filter=Q(status__gte=200, status__lt=400)),
            median=Median("first_byte_ms"),
        )
        refused = Refusal.objects.filter(organization=self.organization, at__gte=since)
        return Today(
            spent_nanos=int(used["spent"]),
            calls=used["calls"],
            answered_well=used["well"],
            refused=refused.aggregate(n=Sum("multiplier", default=0))["n"],
            first_byte_ms=used["median"],
        )

    @cached_property
    def latest(self) -> list[calls.CallRow]:
        return calls.page(self.organization, rows_max=LATEST_ROWS).rows

    @cached_property
    def chart(self) -> Chart:
        span = days.last(CHART_DAYS)
        return chart_of(span, spend.by_day_and_model(self.organization, span))

    @cached_property
    def key_count(self) -> int:
        return ApiKey.objects.filter(organization=self.organization).count()

    @cached_property
    def first_call(self) -> dict[str, Any]:
        """When the first call came, answered or refused; None in both while none has."""
        answered = UsageRecord.objects.filter(organization=OuterRef("pk")).order_by("admitted_at")
        refused = Refusal.objects.filter(organization=OuterRef("pk")).order_by("-at")
        rows = Organization.objects.filter(pk=self.organization.pk).values(
            answered_at=Subquery(answered.values("admitted_at")[:1]),
            refused_at=Subquery(refused.values("at")[:1]),
        )
        return dict(rows.get())
