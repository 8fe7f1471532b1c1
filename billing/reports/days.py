"""Local days: the instants at which a reader's days begin, in the active time zone."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def start_of(day: date) -> datetime:
    """The first instant of a local day, correct across clock changes."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def last(count: int) -> list[date]:
    """The last `count` local days, oldest first, today included."""
    today = timezone.localdate()
    return [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
