"""From usage events to UsageRecords: reads the payload, writes many rows in one statement.

Knows no Redis and moves no money; `billing.posting` decides what is new.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
from django.db import IntegrityError, connection
from psycopg.errors import UniqueViolation

from billing import events, rollup_rows
from billing.errors import BillingError
from billing.gate.types import HoldState
from billing.gate.types import UsageEvent as GateEvent
from billing.usage_sql import (
    COPY,
    EXISTING_KEYS,
    EXISTING_PRICES,
    FIND_KNOWN,
    FIND_RECORDS,
    OF_CALL,
    OF_GATE,
    REAPED,
    REMOVE_UNCHARGED,
)

# A Call has one instant of admission. Should a bug ever give it two, they are this close.
KNOWN_SLACK_MS = 86_400_000
# Until the year 9000: what Python and Postgres both know a date for.
INSTANT_MS_MAX = 221_845_392_000_000
# A batch spans seconds, or the hours that Postgres was down.
SECONDS_CACHED_MAX = 10_000


class UnreadableEvent(BillingError):
    """An event that no version of ours can have written, or not for this site."""

    code = "unreadable_event"


class AlreadyOnRecord(BillingError):
    """A Call has a record, or the one to replace is gone: look at the batch anew."""

    code = "already_on_record"


@dataclass(frozen=True, slots=True)
class Usage:
    """One event, read: what the gate did and what the relay says the Call was."""

    gate: GateEvent
    call: events.UsageEvent

    @property
    def is_late(self) -> bool:
        """Settled after its Hold had been reaped, or lost with the gate."""
        return self.gate.state is HoldState.LATE

    @property
    def is_uncharged_reaped(self) -> bool:
        """Ended by the reaper with nothing to charge: a late settle may take its place."""
        gate = self.gate
        is_uncharged = gate.debited_nanos == 0 and gate.written_off_nanos == 0
        return is_uncharged and gate.ending == REAPED


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record of a Call already."""

    request_id: str
    admitted_at: datetime
    stream_id: str
    is_uncharged_reaped: bool


def read(site_id: str, event: GateEvent) -> Usage:
    """The event with its payload. Raises UnreadableEvent."""
    try:
        call = events.decode_usage(event.event)
    except msgspec.DecodeError as error:
        raise UnreadableEvent(str(error)) from error
    if call.site != site_id:
        raise UnreadableEvent(f"an event of the site {call.site!r}")
    if not (0 <= call.admitted_at_ms <= INSTANT_MS_MAX and 0 <= call.ended_at_ms <= INSTANT_MS_MAX):
        raise UnreadableEvent("it was at no time that there is")
    return Usage(event, call)


def find_known(usages: Sequence[Usage]) -> dict[str, Known]:
    """The Calls among these that have a record, by request id."""
    if not usages:
        return {}
    admitted_ms = [usage.call.admitted_at_ms for usage in usages]
    span = min(admitted_ms) - KNOWN_SLACK_MS, max(admitted_ms) + KNOWN_SLACK_MS
    return _known(FIND_KNOWN, [[usage.gate.request_id for usage in usages], *span])


def find_records(request_ids: Sequence[str]) -> dict[str, Known]:
    """The Calls among these that have a record, whenever they were."""
    return _known(FIND_RECORDS, [list(request_ids)])


def remove_uncharged(records: Sequence[Known]) -> None:
    """Make room for late settles where the reaper left a record that charges nothing.

    Raises AlreadyOnRecord when another worker was faster.
    """
    pairs = [each.request_id for each in records], [each.admitted_at for each in records]
    with connection.cursor() as cursor:
        cursor.execute(REMOVE_UNCHARGED, pairs)
        removed = cursor.fetchall()
    if len(removed) != len(records):
        raise AlreadyOnRecord(f"{len(records) - len(removed)} records were replaced meanwhile")
    rollup_rows.take_off(removed)


def insert(usages: Sequence[Usage], transaction_ids: Mapping[str, int]) -> None:
    """Write the records of Calls that have none, each booked by its organization's transaction,
    and add them to their sums.

    Request ids must not repeat. Raises AlreadyOnRecord when one has a record, and Django's
    DataError for figures that fit no column; the database transaction can't go on then.
    """
    keys = _existing(EXISTING_KEYS, {usage.gate.key for usage in usages})
    prices = _existing(EXISTING_PRICES, {usage.call.price_id for usage in usages})
    # By the primary key, so that two workers with the same Calls meet in the same order.
    ordered = sorted(usages, key=attrgetter("gate.request_id"))
    rows = (
        _row(usage, keys, prices, transaction_ids.get(usage.gate.organization)) for usage in ordered
    )
    try:
        with (
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.copy(COPY) as copy,
        ):
            for row in rows:
                copy.write_row(row)
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise AlreadyOnRecord(str(error)) from error
        raise
    rollup_rows.add(_fact(usage, keys) for usage in usages)


def _known(statement: str, parameters: Sequence[Any]) -> dict[str, Known]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return {row[0]: Known(*row) for row in cursor.fetchall()}


def _existing(statement: str, ids: Set[Any]) -> frozenset[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(ids)])
        return frozenset(row[0] for row in cursor.fetchall())


_of_call = attrgetter(*OF_CALL.values())
_of_gate = attrgetter(*OF_GATE.values())


def _row(
    usage: Usage, keys: Set[str], prices: Set[int], transaction_id: int | None
) -> tuple[object, ...]:
    """In the order of `usage_sql.COPY`. A key or price that is gone leaves null, as deleting it
    afterwards would have."""
    gate, call = usage.gate, usage.call
    return (
        *_of_call(call),
        *_of_gate(gate),
        usage.is_late,
        gate.key if gate.key in keys else None,
        call.price_id if call.price_id in prices else None,
        _json(call.quantities),
        _json(call.lines),
        _json(call.attempts),
        _json(call.passed) if call.passed else None,
        _instant(call.admitted_at_ms),
        _instant(call.ended_at_ms),
        transaction_id,
    )


def _fact(usage: Usage, keys: Set[str]) -> rollup_rows.Fact:
    gate, call = usage.gate, usage.call
    return (
        call.admitted_at_ms,
        call.site,
        gate.organization,
        gate.key if gate.key in keys else "",
        call.model,
        call.upstream,
        call.status,
        call.input_tokens,
        call.cached_input_tokens,
        call.output_tokens,
        call.reasoning_tokens,
        gate.debited_nanos,
        gate.written_off_nanos,
        call.cost_nanos,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _instant(unix_ms: int) -> str:
    """As Postgres reads it; to the millisecond, without a float."""
    seconds, rest_ms = divmod(unix_ms, 1000)
    return f"{_second(seconds)}.{rest_ms:03d}+00"


@lru_cache(maxsize=SECONDS_CACHED_MAX)
def _second(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M:%S}"
