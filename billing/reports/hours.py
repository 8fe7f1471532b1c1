"""What was spent and refused hour by hour of the customer's clock, for programs.

Reads the sums by quarter of an hour, which every time zone's hours are made of; never the records.
"""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

from django.db.models import Sum
from django.db.models.functions import TruncHour

from accounts.models import Organization
from accounts.time_zones import zone_of
from billing.models import Refusal, UsageRollup
from billing.reports import days
from billing.reports.spend import Total


def totals(organization: Organization, span: list[date]) -> list[Total]:
    """A row for each hour with a call, the newest first; `key` is its first instant as the
    customer's clock shows it, so that the hour that a clock has twice is two rows."""
    zone, since = zone_of(organization.time_zone), days.start_of(span[0])
    found: dict[datetime, Total] = {}
    for hour, calls, failed, fresh, cached, output, spent in _used(organization, since, zone):
        found[hour] = Total(
            key="",
            label="",
            calls=int(calls),
            failed=int(failed),
            input_tokens=int(fresh),
            cached_tokens=int(cached),
            output_tokens=int(output),
            charge_nanos=int(spent),
        )
    for hour, refused in _turned_away(organization, since, zone):
        found.setdefault(hour, Total(key="", label="")).refused = int(refused)
    for hour, total in found.items():
        total.key = total.label = hour.astimezone(zone).isoformat()
    return [found[hour] for hour in sorted(found, reverse=True)]


def _used(organization: Organization, since: datetime, zone: tzinfo) -> list[tuple[Any, ...]]:
    rows = UsageRollup.objects.filter(organization=organization, start__gte=since)
    names = ("errors", "input_tokens", "cached_input_tokens", "output_tokens", "charge_nanos")
    sums = {f"sum_{name}": Sum(name) for name in names}
    hours = rows.annotate(hour=TruncHour("start", tzinfo=_grid(zone))).values_list("hour")
    # A late settle may leave a row of no calls behind.
    return list(hours.annotate(sum_calls=Sum("calls"), **sums).filter(sum_calls__gt=0))


def _turned_away(
    organization: Organization, since: datetime, zone: tzinfo
) -> list[tuple[Any, ...]]:
    rows = Refusal.objects.filter(organization=organization, at__gte=since)
    hours = rows.annotate(hour=TruncHour("at", tzinfo=_grid(zone))).values_list("hour")
    return list(hours.annotate(refused=Sum("multiplier")))


def _grid(zone: tzinfo) -> tzinfo:
    """Where hours begin: a clock that is put forward or back by an hour begins them as before."""
    offset = datetime.now(UTC).astimezone(zone).utcoffset() or timedelta()
    return timezone(offset % timedelta(hours=1))
