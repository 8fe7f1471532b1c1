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
    start = start_of(kind, zone, now)
    if start is None:
        return Period("total", 0)
    if kind == "day":
        return Period(f"{local:%Y-%m-%d}", _ms(start + timedelta(days=1)))
    if kind == "week":
        return Period(f"{local:%G-W%V}", _ms(start + timedelta(weeks=1)))
    return Period(f"{local:%Y-%m}", _ms((start + timedelta(days=32)).replace(day=1)))


def start_of(kind: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the period that `now` lies in began; None: `total`. Raises as `current`."""
    if kind == "total":
        return None
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "day":
        return midnight
    if kind == "week":
        return midnight - timedelta(days=midnight.weekday())
    if kind == "month":
        return midnight.replace(day=1)
    raise ValueError(f"no such budget period: {kind}")


def _ms(instant: datetime) -> int:
    # Adding days to a zoned time keeps the wall clock, so a 23-hour day ends at its own midnight.
    return round(instant.timestamp()) * 1000
