"""Overviews of big sites, worked out ahead of whoever looks: their sums take seconds, a page does
not. A small site's is always read anew.

Kept in the cache and renewed by the worker as long as somebody looks now and then.
"""

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from accounts.models import Site
from accounts.time_zones import zone_of
from billing.reports import days
from billing.reports.site_overview import SiteOverview

SPANS = (1, 7, 30, 90)
# From so many calls of the span on: with fewer, reading them is quick.
CALLS_MIN = 100_000
# The worker renews every five minutes; without a worker the figures are read anew after this.
KEPT_S = int(timedelta(minutes=15).total_seconds())
# Whoever looks once a day finds it ready.
ASKED_S = int(timedelta(days=2).total_seconds())


def overview(site: Site, span_days: int) -> SiteOverview:
    """The newest `span_days` days, today included, in the active time zone."""
    cache.set(_asked(site, span_days), True, ASKED_S)
    found: SiteOverview | None = cache.get(_name(site, span_days))
    return found or _read(site, span_days)


def renew() -> int:
    """Work out anew what somebody asked for lately; how many overviews of big sites that were."""
    renewed = 0
    for site in Site.objects.order_by("pk"):
        asked = [span for span in SPANS if cache.get(_asked(site, span))]
        with timezone.override(zone_of(site.time_zone)):
            renewed += sum(_read(site, span).kept_at is not None for span in asked)
    return renewed


def _read(site: Site, span_days: int) -> SiteOverview:
    report = SiteOverview(site, days.last(span_days))
    if report.figures.calls >= CALLS_MIN:
        report.read_all(timezone.now())
        cache.set(_name(site, span_days), report, KEPT_S)
    return report


def _name(site: Site, span_days: int) -> str:
    return f"site-overview:{site.pk}:{span_days}:{timezone.localdate()}"


def _asked(site: Site, span_days: int) -> str:
    return f"site-overview-asked:{site.pk}:{span_days}"
