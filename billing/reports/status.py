"""How well a site's models answered, by vendor and day, for its public status page.

Says shares only, never how many calls there were; and only of this site's own calls. Read from
days and the sums of the last hours, and kept for a minute: anyone may ask.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.models import Site
from accounts.time_zones import zone_of
from billing.models import Model, UsageRollup
from billing.reports import day_sums, days

DAYS = 90
# A page that anyone may load again and again reads the sums once in so long.
KEPT_S = 60
# The days before now, of a site with so many calls in them; the worker renews them every five
# minutes as long as somebody looks once in two days.
CALLS_MIN = 100_000
HISTORY_KEPT_S = 15 * 60
ASKED_S = 2 * 24 * 60 * 60
# What "now" is: long enough to hold some calls, short enough to be over soon after a fault.
NOW = timedelta(minutes=30)
# Per mille of calls that must have been answered: below the first it limps, below the second it
# is down. A day of a handful of calls says little, so that few failures count as none.
GOOD, POOR = 990, 500
FAILURES_MIN = 3
# Families on one page; the rest have no calls worth a line.
FAMILIES_MAX = 40


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a family. `state` is good, poor, bad or none (no calls)."""

    day: date
    state: str
    percent: str


@dataclass(frozen=True, slots=True)
class Family:
    """The models of one vendor."""

    name: str
    state: str
    percent: str
    days: list[Day]


# What has no vendor, or is not sold any more, is a family of its own.
_VENDOR = "LEFT JOIN billing_model AS sold ON sold.id = used.model"
_BY_DAY = (
    "COALESCE(NULLIF(sold.owned_by, ''), used.model), day, sum(calls), sum(faults) GROUP BY 1, 2"
    " HAVING sum(calls) > 0"
)
_Counts = tuple[int, int]  # calls, and those that failed through no fault of the caller
_History = dict[str, dict[date, _Counts]]  # by family


def families(site: Site, now: datetime) -> list[Family]:
    """By name; those that were called within the 90 days, which are the site's own."""
    key = f"status:{site.pk}:{now.date()}"
    found: list[Family] | None = cache.get(key)
    if found is None:
        with timezone.override(zone_of(site.time_zone)):
            found = _read(site, now)
        cache.set(key, found, KEPT_S)
    return found


def _read(site: Site, now: datetime) -> list[Family]:
    span = days.last(DAYS)
    cache.set(f"status-asked:{site.pk}", True, ASKED_S)
    by_day = cache.get(_history_name(site, span)) or _read_history(site, span)
    lately = _lately(site, now - NOW)
    return [
        _family(name, by_day[name], lately.get(name, (0, 0)), span)
        for name in sorted(by_day)[:FAMILIES_MAX]
    ]


def _read_history(site: Site, span: list[date]) -> _History:
    """Of big sites this takes seconds: then it is kept, and the worker reads it ahead."""
    by_day: _History = defaultdict(dict)
    for name, day, calls, failed in day_sums.of_site(site, span[0], _BY_DAY, join=_VENDOR):
        by_day[name][day] = (int(calls), int(failed))
    if sum(calls for row in by_day.values() for calls, _ in row.values()) >= CALLS_MIN:
        cache.set(_history_name(site, span), by_day, HISTORY_KEPT_S)
    return by_day


def _history_name(site: Site, span: list[date]) -> str:
    return f"status-history:{site.pk}:{span[-1]}"


def renew() -> None:
    """Read the days of sites anew whose page somebody opened lately; those of big ones are kept."""
    for site in Site.objects.order_by("pk"):
        with timezone.override(zone_of(site.time_zone)):
            span = days.last(DAYS)
            if cache.get(f"status-asked:{site.pk}"):
                _read_history(site, span)


def _lately(site: Site, since: datetime) -> dict[str, _Counts]:
    rows = (
        UsageRollup.objects.filter(site=site, start__gte=since)
        .values_list("model")
        .annotate(n=Sum("calls"), failed=Sum("calls", filter=Q(status__gte=500), default=0))
    )
    called = {model: (int(n), int(failed)) for model, n, failed in rows}
    vendors = Model.objects.filter(pk__in=called).exclude(owned_by="")
    vendor_of = dict(vendors.values_list("pk", "owned_by"))
    found: dict[str, _Counts] = {}
    for model, counts in called.items():
        name = vendor_of.get(model, model)
        found[name] = _plus(found.get(name, (0, 0)), counts)
    return found


def _family(name: str, by_day: dict[date, _Counts], lately: _Counts, span: list[date]) -> Family:
    whole = (0, 0)
    for counts in by_day.values():
        whole = _plus(whole, counts)
    shown = [
        Day(day, _state(by_day.get(day, (0, 0))), _percent(by_day.get(day, (0, 0)))) for day in span
    ]
    state = _state(lately)
    return Family(name, "good" if state == "none" else state, _percent(whole), shown)


def _plus(one: _Counts, other: _Counts) -> _Counts:
    return one[0] + other[0], one[1] + other[1]


def _state(counts: _Counts) -> str:
    calls, failed = counts
    if not calls:
        return "none"
    if failed < FAILURES_MIN:
        return "good"
    answered = (calls - failed) * 1000 // calls
    return "good" if answered >= GOOD else "poor" if answered >= POOR else "bad"


def _percent(counts: _Counts) -> str:
    """With two decimals, rounded down; "" without calls."""
    calls, failed = counts
    if not calls:
        return ""
    whole, hundredths = divmod((calls - failed) * 10_000 // calls, 100)
    return f"{whole}.{hundredths:02d}"
