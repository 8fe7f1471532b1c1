"""Keeps the months of the table of UsageRecords: made ahead, dropped when the deployment says so.

Never moves money: what a dropped month came to stays on record (`DroppedUsage`), and its sums stay.
"""

import logging
import re
from datetime import UTC, date, datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

logger = logging.getLogger(__name__)

# A worker may be down for so long before a Call has no month of its own to go to.
MONTHS_AHEAD = 3
# A Call of last month may still be posted; one of before that has been in no stream for weeks.
MONTHS_BEHIND = 1

_NAME = re.compile(r"billing_usagerecord_([0-9]{4})([0-9]{2})")


def keep() -> None:
    """Make the months ahead, drop those past their time. Idempotent; safe from several workers."""
    this = _month_of(timezone.now())
    for offset in range(-MONTHS_BEHIND, MONTHS_AHEAD + 1):
        make(_moved(this, offset))
    _rescue_strays(this)
    if settings.USAGE_RETENTION_MONTHS:
        oldest = _moved(this, -settings.USAGE_RETENTION_MONTHS)
        for month in existing():
            if month < oldest:
                drop(month)


def existing() -> list[date]:
    """The months that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'billing_usagerecord'::regclass"
        )
        names = [_NAME.search(name) for (name,) in cursor.fetchall()]
    return sorted(date(int(name[1]), int(name[2]), 1) for name in names if name)


def make(month: date) -> bool:
    """Make a month's partition, with the rows that came before it; False when it is there."""
    return _call("billing_make_usage_month", month)


def drop(month: date) -> bool:
    """Drop a month's records; False when it has none. Raises Django's IntegrityError when its
    sums disagree with them or it is too recent: nothing is dropped then."""
    is_dropped = _call("billing_drop_usage_month", month)
    if is_dropped:
        logger.warning("usage records of %s are dropped: retention", f"{month:%Y-%m}")
    return is_dropped


def _rescue_strays(this: date) -> None:
    """Months for rows that came before theirs was made; the alarm, as nothing should need it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('month', admitted_at AT TIME ZONE 'UTC')::date, count(*)"
            " FROM billing_usagerecord_default GROUP BY 1 ORDER BY 1"
        )
        strays = cursor.fetchall()
    for month, count in strays:
        logger.error("%d usage records of %s had no month of their own", count, f"{month:%Y-%m}")
        # Further ahead only a clock gone wrong can be: those rows stay where they are.
        if month <= _moved(this, MONTHS_AHEAD):
            make(month)


def _call(function: str, month: date) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [month])
        return bool(cursor.fetchone()[0])


def _month_of(instant: datetime) -> date:
    return instant.astimezone(UTC).date().replace(day=1)


def _moved(month: date, months: int) -> date:
    """The first day of the month so many months later."""
    years, index = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(years, index + 1, 1)
