"""From usage events to UsageRecords: reads the payload, writes many rows in one statement.

Knows no Redis and moves no money; `billing.posting` decides what is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

from billing import events
from billing.errors import BillingError
from billing.gate.types import HoldState
from billing.gate.types import UsageEvent as GateEvent
from billing.usage_sql import FIND_KNOWN, INSERT, REAPED, REMOVE_UNCHARGED

# A Call has one instant of admission. Should a bug ever give it two, they are this close.
KNOWN_SLACK_MS = 86_400_000


class UnreadableEvent(BillingError):
    """An event that no version of ours can have written, or not for this site."""

    code = "unreadable_event"


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
    return Usage(event, call)


def find_known(usages: Sequence[Usage]) -> dict[str, Known]:
    """The Calls among these that have a record, by request id."""
    admitted_ms = [usage.call.admitted_at_ms for usage in usages]
    span = min(admitted_ms) - KNOWN_SLACK_MS, max(admitted_ms) + KNOWN_SLACK_MS
    with connection.cursor() as cursor:
        cursor.execute(FIND_KNOWN, [[usage.gate.request_id for usage in usages], *span])
        return {row[0]: Known(*row) for row in cursor.fetchall()}


def remove_uncharged(records: Sequence[Known]) -> int:
    """Make room for late settles where the reaper left a record that charges nothing.

    Returns how many were removed: fewer than given means that another worker was faster.
    """
    pairs = [each.request_id for each in records], [each.admitted_at for each in records]
    with connection.cursor() as cursor:
        cursor.execute(REMOVE_UNCHARGED, pairs)
        return int(cursor.fetchone()[0])


def insert(usages: Sequence[Usage], transaction_ids: dict[str, int]) -> int:
    """Write the records of Calls that have none, each booked by its organization's transaction,
    and add them to their sums.

    Returns how many were written: fewer than given means that another worker was faster.
    Request ids must not repeat. Raises Django's DataError for figures that fit no column.
    """
    rows = [_row(usage, transaction_ids.get(usage.gate.organization)) for usage in usages]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [msgspec.json.encode(rows).decode()])
        return int(cursor.fetchone()[0])


def _row(usage: Usage, transaction_id: int | None) -> dict[str, Any]:
    gate, call = usage.gate, usage.call
    return {
        "request_id": gate.request_id,
        "site_id": call.site,
        "organization_id": gate.organization,
        "api_key_id": gate.key,
        "endpoint": call.endpoint,
        "model": call.model,
        "upstream": call.upstream,
        "ending": gate.ending,
        "status": call.status,
        "error_code": call.error_code,
        "is_stream": call.is_stream,
        "is_estimated": call.is_estimated,
        "is_late": usage.is_late,
        "input_tokens": call.input_tokens,
        "cached_input_tokens": call.cached_input_tokens,
        "output_tokens": call.output_tokens,
        "reasoning_tokens": call.reasoning_tokens,
        "quantities": call.quantities,
        "adjustment_bp": call.adjustment_bp,
        "price_id": call.price_id,
        "charge_nanos": gate.debited_nanos,
        "written_off_nanos": gate.written_off_nanos,
        "cost_nanos": call.cost_nanos,
        "hold_nanos": call.hold_nanos,
        "lines": call.lines,
        "attempts": call.attempts,
        "admitted_at_ms": call.admitted_at_ms,
        "ended_at_ms": call.ended_at_ms,
        "first_byte_ms": call.first_byte_ms,
        "duration_ms": call.duration_ms,
        "stream_id": gate.stream_id,
        "ledger_transaction_id": transaction_id,
    }
