"""Adds Calls to their sums by quarter of an hour: sums a batch in memory, one statement for all.

Runs in the transaction that writes or removes the records, so that a report over the sums tells the
same as one over the records.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from operator import add as plus
from operator import neg

import msgspec
from django.db import connection

from billing import usage_days

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER_MS = 15 * 60 * 1000

# admitted at (ms), site, organization, key or "", model, upstream, status; input, cached input,
# output and reasoning tokens; charge, written off, cost (nanos)
Fact = tuple[int, str, str, str, str, str, int, int, int, int, int, int, int, int]

_SHARED = {
    "start_ms": "bigint",
    "site_id": "text",
    "organization_id": "text",
    "api_key": "text",
    "model": "text",
    "upstream": "text",
    "status": "smallint",
}
_SUMS = (
    *("calls", "errors", "input_tokens", "cached_input_tokens", "output_tokens"),
    *("reasoning_tokens", "charge_nanos", "written_off_nanos", "cost_nanos"),
)
_NAMES = (*_SHARED, *_SUMS)
_COLUMNS = [f"{name} {_SHARED.get(name, 'bigint')}" for name in _NAMES]

_SAVE = f"""
INSERT INTO billing_usagerollup AS rollup ({", ".join(["start", *_NAMES[1:]])})
SELECT to_timestamp(0) + start_ms * interval '1 millisecond', {", ".join(_NAMES[1:])}
FROM json_to_recordset(%s::json)
  AS summed ({", ".join(_COLUMNS)})
ON CONFLICT (organization_id, start, api_key, model, upstream, status)
DO UPDATE SET {", ".join(f"{name} = rollup.{name} + excluded.{name}" for name in _SUMS)}
"""  # noqa: S608  (only the constants above enter it)


def add(facts: Iterable[Fact]) -> None:
    """Add Calls to their sums."""
    _save(_summed(facts))


def take_off(facts: Iterable[Fact]) -> None:
    """Undo `add`."""
    _save({shared: tuple(map(neg, sums)) for shared, sums in _summed(facts).items()})


def _summed(facts: Iterable[Fact]) -> dict[tuple[int | str, ...], tuple[int, ...]]:
    """What is summed, by what its Calls have in common."""
    found: dict[tuple[int | str, ...], tuple[int, ...]] = {}
    for fact in facts:
        admitted_at_ms, status = fact[0], fact[6]
        shared = (admitted_at_ms - admitted_at_ms % QUARTER_MS, *fact[1:7])
        added = (1, int(not 200 <= status < 400), *fact[7:])
        earlier = found.get(shared)
        found[shared] = added if earlier is None else tuple(map(plus, earlier, added))
    return found


def _save(sums: dict[tuple[int | str, ...], tuple[int, ...]]) -> None:
    """In one order everywhere, so that nobody deadlocks; the function gives its rows in it."""
    rows = [dict(zip(_NAMES, (*shared, *sums[shared]), strict=True)) for shared in sorted(sums)]
    encoded = msgspec.json.encode(rows).decode()
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [encoded])
    if sums:
        oldest_ms = min(int(shared[0]) for shared in sums)
        usage_days.add_late(_COLUMNS, encoded, EPOCH + timedelta(milliseconds=oldest_ms))
