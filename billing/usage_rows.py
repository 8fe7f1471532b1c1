"""From usage events to UsageRecords: reads the payload, writes many rows in one statement.

Knows no Redis and moves no money; `billing.posting` decides what is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection

from billing import events
from billing.errors import BillingError
from billing.gate.types import HoldState
from billing.gate.types import UsageEvent as GateEvent
from billing.models import UsageRecord

REAPED = UsageRecord.Ending.REAPED.value


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


def find_known(request_ids: Sequence[str]) -> dict[str, Known]:
    """The Calls among these that have a record."""
    rows = UsageRecord.objects.filter(pk__in=request_ids).values_list(
        "request_id", "stream_id", "ending", "charge_nanos", "written_off_nanos"
    )
    return {
        request_id: Known(stream_id, ending == REAPED and charge == 0 and written_off == 0)
        for request_id, stream_id, ending, charge, written_off in rows
    }


# Column of UsageRecord -> its type in the JSON that the statement reads. Times are milliseconds
# there and become instants by integer arithmetic.
_COLUMNS = {
    "request_id": "text",
    "site_id": "text",
    "organization_id": "text",
    "endpoint": "text",
    "model": "text",
    "upstream": "text",
    "ending": "text",
    "status": "smallint",
    "error_code": "text",
    "is_stream": "boolean",
    "is_estimated": "boolean",
    "is_late": "boolean",
    "input_tokens": "bigint",
    "cached_input_tokens": "bigint",
    "output_tokens": "bigint",
    "reasoning_tokens": "bigint",
    "charge_nanos": "bigint",
    "written_off_nanos": "bigint",
    "cost_nanos": "bigint",
    "hold_nanos": "bigint",
    "lines": "jsonb",
    "attempts": "jsonb",
    "first_byte_ms": "integer",
    "duration_ms": "integer",
    "stream_id": "text",
    "ledger_transaction_id": "bigint",
}
# Expressions that are more than a column of the JSON.
_DERIVED = {
    "api_key_id": "api_key.id",
    "price_id": "price.id",
    "admitted_at": "to_timestamp(0) + call.admitted_at_ms * interval '1 millisecond'",
    "ended_at": "to_timestamp(0) + call.ended_at_ms * interval '1 millisecond'",
}
_INPUTS = _COLUMNS | {
    "api_key_id": "text",
    "price_id": "bigint",
    "admitted_at_ms": "bigint",
    "ended_at_ms": "bigint",
}
_TARGETS = [*_COLUMNS, *_DERIVED]

# Sorted by the primary key, so that two workers with the same Calls meet in the same order. A key
# or price that has been deleted since leaves null, as deleting it after the insert would have. A
# late settle replaces the record that the reaper left when it found nothing to charge.
_INSERT = f"""
INSERT INTO billing_usagerecord AS record ({", ".join(_TARGETS)})
SELECT {", ".join([*(f"call.{name}" for name in _COLUMNS), *_DERIVED.values()])}
FROM json_to_recordset(%s::json)
  AS call ({", ".join(f"{name} {kind}" for name, kind in _INPUTS.items())})
LEFT JOIN accounts_apikey AS api_key ON api_key.id = call.api_key_id
LEFT JOIN billing_price AS price ON price.id = call.price_id
ORDER BY call.request_id
ON CONFLICT (request_id) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in _TARGETS if name != "request_id")}
WHERE excluded.is_late AND record.ending = '{REAPED}'
  AND record.charge_nanos = 0 AND record.written_off_nanos = 0
"""  # noqa: S608  (only the constants above enter it)


def insert(usages: Sequence[Usage], transaction_ids: dict[str, int]) -> int:
    """Write the records of Calls that have none, each booked by its organization's transaction.

    Returns how many were written: fewer than given means that another worker was faster.
    Request ids must not repeat. Raises Django's DataError for figures that fit no column.
    """
    rows = [_row(usage, transaction_ids.get(usage.gate.organization)) for usage in usages]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [msgspec.json.encode(rows).decode()])
        written: int = cursor.rowcount
        return written


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
