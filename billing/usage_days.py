"""Folds rollups into days of usage some hours after the fact; what comes later still is added.

A day lies in the time zone of the customer, or of the site, that it is about. Read by
`billing.reports.day_sums`, which is exact at any moment.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from billing.models import UsageFold, UsageRollup

# What is younger stays in rollups: Calls of many minutes and posting that lags change those still.
LAG = timedelta(hours=3)
# Posting looks whether a rollup is folded only from this age on; the difference to LAG is more
# than clocks differ by.
LATE = timedelta(hours=2)
QUARTER = timedelta(minutes=15)
# One transaction: a second or two where there are 100,000 calls a day.
STEP = timedelta(days=1)
# Of one run: the first ever has years to fold, and the next run goes on.
STEPS_MAX = 60
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# Nothing but instants enters them, and JSON that Postgres itself has quoted.
_FOLDED = "SELECT * FROM billing_usagerollup WHERE start >= '{}' AND start < '{}'"
_START = "to_timestamp(0) + start_ms * interval '1 millisecond'"
_LATE = (
    f"SELECT {_START} AS start, late.* FROM json_to_recordset({{}}::json) AS late ({{}})"  # noqa: S608
    f" WHERE {_START} < '{{}}'"
)


def fold(now: datetime | None = None) -> int:
    """Fold what has come of age, a day at a time; how many steps that took. Idempotent."""
    upto = _quarter((now or timezone.now()) - LAG)
    UsageFold.objects.get_or_create(pk=1, defaults={"folded_to": NEVER})
    return sum(1 for _ in range(STEPS_MAX) if _fold_step(upto))


@transaction.atomic
def _fold_step(upto: datetime) -> bool:
    state = UsageFold.objects.select_for_update().get(pk=1)
    if state.folded_to >= upto:
        return False
    waiting = UsageRollup.objects.filter(start__gte=state.folded_to, start__lt=upto)
    first = waiting.order_by("start").values_list("start", flat=True).first()
    end = upto if first is None else min(upto, first + STEP)
    if first is not None:
        _add(_FOLDED.format(state.folded_to.isoformat(), end.isoformat()))
    state.folded_to = end
    state.save(update_fields=["folded_to"])
    return True


def add_late(columns: Sequence[str], rows: str, oldest: datetime) -> None:
    """Add changes of rollups, some of which may be folded already, in posting's transaction.

    `rows` is JSON, of objects as `json_to_recordset` takes them by `columns`; `oldest` is when the
    first of them starts, which spares most batches the look.
    """
    if oldest >= timezone.now() - LATE:
        return
    with connection.cursor() as cursor:
        # A fold under way is awaited: either it has these rows, or we have its end.
        cursor.execute("SELECT folded_to FROM billing_usagefold FOR SHARE")
        state = cursor.fetchone()
        if state is None or state[0] <= oldest:
            return
        cursor.execute("SELECT quote_literal(%s)", [rows])
        [literal] = cursor.fetchone()
    _add(_LATE.format(literal, ", ".join(columns), state[0].isoformat()))


def _add(facts: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_add_usage_days(%s)", [facts])
        cursor.execute("SELECT billing_add_site_days(%s)", [facts])


def _quarter(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
