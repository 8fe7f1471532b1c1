"""The named spans in which budgets count. Pure: the clock and the time zone come as arguments."""

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Period(NamedTuple):
    """A span by name, e.g. `2026-11-21`, and the Unix milliseconds at which it ends (0: never)."""

    name: str
    ends_at_ms: int


def current(kind: str, zone: ZoneInfo, now: datetime) -> Period:
    """The day, week (ISO, from Monday), month or `total` that `now` lies in, in `zone`.

    Raises ValueError for any other kind.
    """
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "total":
        return Period("total", 0)
    if kind == "day":
        return Period(f"{local:%Y-%m-%d}", _ms(midnight + timedelta(days=1)))
    if kind == "week":
        monday = midnight - timedelta(days=local.weekday())
        return Period(f"{local:%G-W%V}", _ms(monday + timedelta(weeks=1)))
    if kind == "month":
        next_month = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
        return Period(f"{local:%Y-%m}", _ms(next_month))
    raise ValueError(f"no such budget period: {kind}")


def _ms(instant: datetime) -> int:
    # Adding days to a zoned time keeps the wall clock, so a 23-hour day ends at its own midnight.
    return round(instant.timestamp()) * 1000
