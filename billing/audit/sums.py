"""Checks of the sums that reports read: quarters of an hour are their records, days their quarters.

One statement for a table's month, which sees one instant; of its rows only those come here that
differ. `checked` counts the statements.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from billing import usage_months
from billing.audit.ledger import ROWS_MAX
from billing.audit.report import Tally
from billing.models import DroppedUsage

# No time zone is further from UTC than a day: a day's quarters lie within its neighbours.
MARGIN = timedelta(days=1)

# Only constants of ours enter the statements (S608); a month is given as parameters.
_TOKENS = ("input_tokens", "cached_input_tokens", "output_tokens")
_MONTHS_OF_QUARTERS = """
SELECT DISTINCT date_trunc('month', start AT TIME ZONE 'UTC')::date FROM billing_usagerollup
"""
_MONTHS_OF_STRAYS = """
SELECT DISTINCT date_trunc('month', admitted_at AT TIME ZONE 'UTC')::date
FROM billing_usagerecord_default
"""
_MONTHS_OF_DAYS = """
SELECT date_trunc('month', day)::date FROM billing_usageday
UNION SELECT date_trunc('month', day)::date FROM billing_siteday
UNION SELECT date_trunc('month', day)::date FROM billing_customerday
UNION SELECT DISTINCT date_trunc('month', start AT TIME ZONE 'UTC' + away)::date
  FROM billing_usagerollup,
  (VALUES (interval '-1 day'), (interval '0'), (interval '1 day')) AS zone (away)
"""
_RECORDS = "FROM billing_usagerecord WHERE admitted_at >= %(start)s AND admitted_at < %(end)s"
_QUARTERS = "start >= %(start)s AND start < %(end)s"
_DAYS = "day >= %(first_day)s AND day < %(end_day)s"


@dataclass(frozen=True, slots=True)
class Sums:
    """A table of sums: the condition of those of a month, and a SELECT of what they should be."""

    table: str
    keys: tuple[str, ...]
    figures: tuple[str, ...]
    month: str
    expected: str


_OF_RECORDS = Sums(
    "billing_usagerollup",
    # Without the key: that of a record goes when the key is deleted, that of its sum stays.
    ("organization_id", "start", "site_id", "model", "upstream", "status"),
    (
        *("calls", "errors", *_TOKENS, "reasoning_tokens"),
        *("charge_nanos", "written_off_nanos", "cost_nanos"),
    ),
    _QUARTERS,
    f"""
    SELECT organization_id, date_bin('15 minutes', admitted_at, to_timestamp(0)) AS start, site_id,
      model, upstream, status, count(*) AS calls,
      count(*) FILTER (WHERE status NOT BETWEEN 200 AND 399) AS errors,
      {", ".join(f"sum({each}) AS {each}" for each in (*_TOKENS, "reasoning_tokens"))},
      sum(charge_nanos) AS charge_nanos, sum(written_off_nanos) AS written_off_nanos,
      sum(cost_nanos) AS cost_nanos
    {_RECORDS} GROUP BY 1, 2, 3, 4, 5, 6""",
)
_OF_DROPPED = Sums(
    "billing_usagerollup",
    ("organization_id",),
    ("calls", "charge_nanos"),
    _QUARTERS,
    f"""
    SELECT organization_id, sum(calls) AS calls, sum(charge_nanos) AS charge_nanos FROM (
      SELECT organization_id, calls, charge_nanos FROM billing_droppedusage
        WHERE month = %(first_day)s
      UNION ALL SELECT organization_id, 1, charge_nanos {_RECORDS}) AS call
    GROUP BY 1""",  # noqa: S608
)


def _days(
    table: str, keys: tuple[str, ...], figures: tuple[str, ...], *, places: str, place: str
) -> Sums:
    """Sums by day in the time zone of `place`, a row of `places`."""
    sums = [f"sum({each}) AS {each}" for each in figures if each != "faults"]
    if "faults" in figures:
        sums.append("COALESCE(sum(calls) FILTER (WHERE status >= 500), 0) AS faults")
    expected = f"""
    SELECT {", ".join(keys)}, {", ".join(sums)} FROM (
      SELECT rollup.*, (start AT TIME ZONE zone)::date AS day FROM billing_usagerollup AS rollup
      JOIN (SELECT id, billing_zone(time_zone) AS zone FROM {places} OFFSET 0) AS place
        ON place.id = {place}
      WHERE start >= %(earliest)s AND start < %(latest)s
        AND start < (SELECT folded_to FROM billing_usagefold)) AS quarter
    WHERE {_DAYS} GROUP BY {", ".join(keys)}"""  # noqa: S608
    return Sums(table, keys, figures, _DAYS, expected)


_OF_QUARTERS = (
    _days(
        "billing_usageday",
        ("organization_id", "day", "api_key", "model"),
        ("calls", "errors", *_TOKENS, "charge_nanos", "cost_nanos"),
        places="accounts_organization",
        place="organization_id",
    ),
    _days(
        "billing_siteday",
        ("site_id", "day", "model"),
        ("calls", "errors", "faults", "charge_nanos", "cost_nanos"),
        places="accounts_site",
        place="site_id",
    ),
    _days(
        "billing_customerday",
        ("site_id", "day", "organization_id"),
        ("calls", "charge_nanos", "cost_nanos"),
        places="accounts_site",
        place="site_id",
    ),
)


def quarters_are_records(tally: Tally) -> Iterator[str]:
    """What the records of a quarter of an hour come to is what its rollup says; of a month whose
    records retention dropped, what was noted of it then."""
    dropped = set(DroppedUsage.objects.values_list("month", flat=True).distinct())
    months = {*usage_months.existing(), *_months(_MONTHS_OF_STRAYS), *dropped}
    for month in sorted(months.union(_months(_MONTHS_OF_QUARTERS))):
        yield from _differences(_OF_DROPPED if month in dropped else _OF_RECORDS, month, tally)


def days_are_quarters(tally: Tally) -> Iterator[str]:
    """What is folded into days is what the rollups say, each day in its owner's time zone."""
    for month in sorted(_months(_MONTHS_OF_DAYS)):
        for sums in _OF_QUARTERS:
            yield from _differences(sums, month, tally)


def _months(statement: str) -> set[date]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return {month for (month,) in cursor.fetchall()}


def _differences(sums: Sums, month: date, tally: Tally) -> Iterator[str]:
    """The rows of a month that say something else than they should, in words."""
    tally.checked += 1
    with connection.cursor() as cursor:
        cursor.execute(_statement(sums), _bounds(month))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    for *keys, kept, expected in rows:
        told = [
            f"{name} {is_} instead of {should}"
            for name, is_, should in zip(sums.figures, kept, expected, strict=True)
            if is_ != should
        ]
        yield f"{sums.table} {' '.join(map(str, keys))}: {', '.join(told)}"


def _statement(sums: Sums) -> str:
    keys = ", ".join(sums.keys)
    totals = ", ".join(f"sum({each}) AS {each}" for each in sums.figures)
    kept, expected = (
        ", ".join(f"COALESCE({side}.{each}, 0)::bigint" for each in sums.figures)
        for side in ("kept", "expected")
    )
    return f"""
    SELECT {keys}, ARRAY[{kept}], ARRAY[{expected}]
    FROM (SELECT {keys}, {totals} FROM {sums.table} WHERE {sums.month} GROUP BY {keys}) AS kept
    FULL JOIN ({sums.expected}) AS expected USING ({keys})
    WHERE ({kept}) <> ({expected}) ORDER BY {keys} LIMIT {ROWS_MAX}"""  # noqa: S608


def _bounds(month: date) -> dict[str, date | datetime]:
    """A month as days, as instants of UTC, and as all instants that some time zone has in it."""
    end_day = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    start, end = (datetime(each.year, each.month, 1, tzinfo=UTC) for each in (month, end_day))
    return {
        "first_day": month,
        "end_day": end_day,
        "start": start,
        "end": end,
        "earliest": start - MARGIN,
        "latest": end + MARGIN,
    }
