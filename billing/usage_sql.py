"""The columns and statements of UsageRecords as posting writes them.

Only text made of the constants here; `billing.usage_rows` runs it.
"""

from billing.models import UsageRecord

REAPED = UsageRecord.Ending.REAPED.value

# Column of UsageRecord -> the attribute of the Call's event (`billing.events.UsageEvent`).
OF_CALL = {
    "site_id": "site",
    "endpoint": "endpoint",
    "model": "model",
    "upstream": "upstream",
    "status": "status",
    "error_code": "error_code",
    "is_stream": "is_stream",
    "is_estimated": "is_estimated",
    "input_tokens": "input_tokens",
    "cached_input_tokens": "cached_input_tokens",
    "output_tokens": "output_tokens",
    "reasoning_tokens": "reasoning_tokens",
    "adjustment_bp": "adjustment_bp",
    "cost_nanos": "cost_nanos",
    "hold_nanos": "hold_nanos",
    "first_byte_ms": "first_byte_ms",
    "duration_ms": "duration_ms",
}
# Column -> the attribute of what the gate says of it (`billing.gate.types.UsageEvent`).
OF_GATE = {
    "request_id": "request_id",
    "organization_id": "organization",
    "ending": "ending",
    "charge_nanos": "debited_nanos",
    "written_off_nanos": "written_off_nanos",
    "stream_id": "stream_id",
}
# Columns that are worked out, in the order in which `usage_rows` does so.
WORKED_OUT = (
    "is_late",
    "api_key_id",
    "price_id",
    "quantities",
    "lines",
    "attempts",
    "passed",
    "admitted_at",
    "ended_at",
    "ledger_transaction_id",
)

# COPY and not INSERT: half the work for Postgres, and it refuses a second record of a Call instead
# of passing over it.
COPY = f"COPY billing_usagerecord ({', '.join([*OF_CALL, *OF_GATE, *WORKED_OUT])}) FROM STDIN"

INSTANT = "to_timestamp(0) + %s * interval '1 millisecond'"

# What posting can do without: the row is gone, and the record stays without it.
EXISTING_KEYS = "SELECT id FROM accounts_apikey WHERE id = ANY(%s)"
EXISTING_PRICES = "SELECT id FROM billing_price WHERE id = ANY(%s)"

# A late settle takes the place of the record that the reaper left when it found nothing to charge.
# Returns what `billing.rollup_rows` takes off the sums.
REMOVE_UNCHARGED = f"""
DELETE FROM billing_usagerecord AS record
USING unnest(%s::text[], %s::timestamptz[]) AS call (request_id, admitted_at)
WHERE record.request_id = call.request_id AND record.admitted_at = call.admitted_at
  AND record.ending = '{REAPED}' AND record.charge_nanos = 0 AND record.written_off_nanos = 0
RETURNING (extract(epoch FROM record.admitted_at) * 1000)::bigint, site_id, organization_id,
  COALESCE(api_key_id, ''), model, upstream, status, input_tokens, cached_input_tokens,
  output_tokens, reasoning_tokens, charge_nanos, written_off_nanos, cost_nanos
"""  # noqa: S608  (only the constants above enter it)

_KNOWN = f"""
SELECT request_id, admitted_at, stream_id,
  ending = '{REAPED}' AND charge_nanos = 0 AND written_off_nanos = 0
FROM billing_usagerecord WHERE request_id = ANY(%s)"""  # noqa: S608
# In every month there is.
FIND_RECORDS = _KNOWN
# The span bounds the months that are looked into.
FIND_KNOWN = f"{_KNOWN} AND admitted_at BETWEEN {INSTANT % '%s'} AND {INSTANT % '%s'}"
