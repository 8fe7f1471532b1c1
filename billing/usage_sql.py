"""The statements that write UsageRecords and, in the same breath, their sums by quarter of an hour.

Only text made of the constants here; `billing.usage_rows` runs it. Both tables change together or
not at all, so that a report over the sums tells the same as one over the records.
"""

from billing.models import UsageRecord

REAPED = UsageRecord.Ending.REAPED.value

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
    "quantities": "jsonb",
    "adjustment_bp": "integer",
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
INSTANT = "to_timestamp(0) + %s * interval '1 millisecond'"
# Expressions that are more than a column of the JSON.
_DERIVED = {
    "api_key_id": "api_key.id",
    "price_id": "price.id",
    "admitted_at": INSTANT % "call.admitted_at_ms",
    "ended_at": INSTANT % "call.ended_at_ms",
}
_INPUTS = _COLUMNS | {
    "api_key_id": "text",
    "price_id": "bigint",
    "admitted_at_ms": "bigint",
    "ended_at_ms": "bigint",
}
_TARGETS = [*_COLUMNS, *_DERIVED]

# What the rows of one sum have in common, and what is summed; `{sign}` is - for rows taken away.
_SHARED = {
    "start": "date_bin('15 minutes', admitted_at, 'epoch')",
    "site_id": "site_id",
    "organization_id": "organization_id",
    "api_key": "COALESCE(api_key_id, '')",
    "model": "model",
    "upstream": "upstream",
    "status": "status",
}
_SUMS = {
    "calls": "count(*)",
    "errors": "count(*) FILTER (WHERE status < 200 OR status >= 400)",
    "input_tokens": "sum(input_tokens)",
    "cached_input_tokens": "sum(cached_input_tokens)",
    "output_tokens": "sum(output_tokens)",
    "reasoning_tokens": "sum(reasoning_tokens)",
    "charge_nanos": "sum(charge_nanos)",
    "written_off_nanos": "sum(written_off_nanos)",
    "cost_nanos": "sum(cost_nanos)",
}
_RETURNED = ", ".join(
    ["site_id", "organization_id", "api_key_id", "model", "upstream", "status", "admitted_at"]
    + [name for name in _SUMS if name.endswith(("tokens", "nanos"))]
)


def _summing(source: str, sign: str) -> str:
    """Adds the rows of `source` to the sums. In one order everywhere, so that nobody deadlocks."""
    grouping = ", ".join(str(place) for place in range(1, len(_SHARED) + 1))
    added = ", ".join(f"{name} = rollup.{name} + excluded.{name}" for name in _SUMS)
    return f"""
      INSERT INTO billing_usagerollup AS rollup ({", ".join([*_SHARED, *_SUMS])})
      SELECT {", ".join([*_SHARED.values(), *(sign + each for each in _SUMS.values())])}
      FROM {source} GROUP BY {grouping} ORDER BY {grouping}
      ON CONFLICT (organization_id, start, api_key, model, upstream, status)
      DO UPDATE SET {added}"""  # noqa: S608  (only the constants above enter it)


# Sorted by the primary key, so that two workers with the same Calls meet in the same order. A key
# or price that has been deleted since leaves null, as deleting it after the insert would have.
INSERT = f"""
WITH added AS (
  INSERT INTO billing_usagerecord ({", ".join(_TARGETS)})
  SELECT {", ".join([*(f"call.{name}" for name in _COLUMNS), *_DERIVED.values()])}
  FROM json_to_recordset(%s::json)
    AS call ({", ".join(f"{name} {kind}" for name, kind in _INPUTS.items())})
  LEFT JOIN accounts_apikey AS api_key ON api_key.id = call.api_key_id
  LEFT JOIN billing_price AS price ON price.id = call.price_id
  ORDER BY call.request_id
  ON CONFLICT (request_id, admitted_at) DO NOTHING
  RETURNING {_RETURNED}),
summed AS ({_summing("added", "")})
SELECT count(*) FROM added
"""  # noqa: S608  (only the constants above enter it)

# A late settle takes the place of the record that the reaper left when it found nothing to charge.
REMOVE_UNCHARGED = f"""
WITH removed AS (
  DELETE FROM billing_usagerecord AS record
  USING unnest(%s::text[], %s::timestamptz[]) AS call (request_id, admitted_at)
  WHERE record.request_id = call.request_id AND record.admitted_at = call.admitted_at
    AND record.ending = '{REAPED}' AND record.charge_nanos = 0 AND record.written_off_nanos = 0
  RETURNING {_RETURNED.replace("site_id", "record.site_id", 1).replace(", ", ", record.")}),
summed AS ({_summing("removed", "-")})
SELECT count(*) FROM removed
"""  # noqa: S608  (only the constants above enter it)

# The span bounds the months that are looked into.
FIND_KNOWN = f"""
SELECT request_id, admitted_at, stream_id,
  ending = '{REAPED}' AND charge_nanos = 0 AND written_off_nanos = 0
FROM billing_usagerecord
WHERE request_id = ANY(%s)
  AND admitted_at BETWEEN {INSTANT % "%s"} AND {INSTANT % "%s"}
"""  # noqa: S608  (only the constants above enter it)
