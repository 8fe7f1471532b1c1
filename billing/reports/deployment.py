"""Figures over all sites for operators: calls, money and refusals of today, and how much there is.

Reads only. Days are local to the reader.
"""

from dataclasses import dataclass

from django.db.models import Count, Max, Q, Sum

from accounts.models import ApiKey, Organization
from billing.models import BlockEpisode, Refusal, UsageRollup
from billing.reports import days

# Codes are a short list; a caller cannot make new ones.
CODES_MAX = 50


@dataclass(frozen=True, slots=True)
class Money:
    """What was charged and what it cost us, in one currency."""

    currency: str
    charged_nanos: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class Today:
    """Calls of today, refused ones apart."""

    calls: int
    failed: int
    refused: int
    money: list[Money]

    @property
    def success_tenths(self) -> int | None:
        """Per mille of the calls that reached a model; None without calls."""
        return (self.calls - self.failed) * 1000 // self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class RefusedCode:
    """Refusals of today with one code."""

    code: str
    status: int
    count: int
    organizations: int
    last_at: object


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is."""

    organizations: int
    suspended: int
    active_keys: int
    blocked: int


def today() -> Today:
    """Two queries."""
    since = days.start_of(days.last(1)[0])
    rows = (
        UsageRollup.objects.filter(start__gte=since)
        .values("site__currency")
        .annotate(
            n=Sum("calls"),
            failed=Sum("errors"),
            charged=Sum("charge_nanos"),
            cost=Sum("cost_nanos"),
        )
        .order_by("site__currency")
    )
    found = list(rows)
    refused = Refusal.objects.filter(at__gte=since).aggregate(count=Sum("multiplier", default=0))
    return Today(
        calls=sum(int(row["n"]) for row in found),
        failed=sum(int(row["failed"]) for row in found),
        refused=refused["count"],
        money=[
            Money(row["site__currency"], int(row["charged"]), int(row["cost"])) for row in found
        ],
    )


def refused_today() -> list[RefusedCode]:
    """By code, the most frequent first. One query."""
    since = days.start_of(days.last(1)[0])
    rows = (
        Refusal.objects.filter(at__gte=since)
        .values("code", "status")
        .annotate(
            count=Sum("multiplier"),
            organizations=Count("organization", distinct=True),
            last_at=Max("at"),
        )
        .order_by("-count", "code")[:CODES_MAX]
    )
    return [RefusedCode(**row) for row in rows]


def extent() -> Extent:
    """Three queries."""
    organizations = Organization.objects.aggregate(
        all=Count("pk"), suspended=Count("pk", filter=Q(is_active=False))
    )
    open_episodes = BlockEpisode.objects.filter(closed_at=None)
    return Extent(
        organizations=organizations["all"],
        suspended=organizations["suspended"],
        active_keys=ApiKey.objects.filter(is_active=True, revoked_at=None).count(),
        blocked=open_episodes.values("organization").distinct().count(),
    )
