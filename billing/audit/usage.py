"""Checks of UsageRecords: each is explained by its price version, and booked in the ledger."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from django.db import connection

from billing import prices
from billing.audit.ledger import ROWS_MAX
from billing.audit.report import Tally
from billing.events import PriceLine
from billing.models import Price, UsageRecord
from billing.price_versions import PriceVersion
from billing.pricing import Buckets, price, total_nanos

# Rows in memory at a time while all of them are read.
CHUNK_ROWS = 2_000
# Versions in memory at a time; a deployment sells hundreds of models, not tens of thousands.
VERSIONS_CACHED_MAX = 10_000
# What `problem_of` looks at.
FIELDS = (
    "request_id",
    "price_id",
    "adjustment_bp",
    "lines",
    "charge_nanos",
    "written_off_nanos",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "quantities",
)


def charges_are_booked(tally: Tally) -> Iterator[str]:
    """What an organization's Calls were charged is what the ledger's charges took from it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH charged AS (SELECT organization_id, sum(nanos) AS nanos,"
            "  sum(unbooked) AS unbooked FROM"
            "  (SELECT organization_id, charge_nanos AS nanos, CASE WHEN ledger_transaction_id"
            "    IS NULL AND charge_nanos + written_off_nanos > 0 THEN 1 ELSE 0 END AS unbooked"
            "   FROM billing_usagerecord UNION ALL"
            "   SELECT organization_id, charge_nanos, 0 FROM billing_droppedusage) AS calls"
            "  GROUP BY organization_id),"
            " booked AS (SELECT account.organization_id, -sum(entry.amount_nanos) AS nanos"
            "  FROM billing_ledgerentry AS entry"
            "  JOIN billing_ledgertransaction AS moved ON moved.id = entry.transaction_id"
            "  JOIN billing_ledgeraccount AS account ON account.id = entry.account_id"
            "  WHERE moved.kind = 'charge' AND account.organization_id IS NOT NULL"
            "  GROUP BY account.organization_id)"
            " SELECT COALESCE(charged.organization_id, booked.organization_id),"
            "  COALESCE(charged.nanos, 0), COALESCE(booked.nanos, 0),"
            "  COALESCE(charged.unbooked, 0)"
            " FROM charged FULL JOIN booked USING (organization_id) ORDER BY 1"
        )
        while rows := cursor.fetchmany(CHUNK_ROWS):
            for organization_id, charged, booked, unbooked in rows:
                tally.checked += 1
                if charged != booked:
                    yield f"{organization_id}: Calls cost {charged} nanos, {booked} are booked"
                if unbooked:
                    yield f"{organization_id}: {unbooked} charged Calls without a transaction"


def charges_are_explained(tally: Tally) -> Iterator[str]:
    """I6: charge + write-off = lines, rounded once; lines = tokens at the version's prices."""
    version_of = lru_cache(VERSIONS_CACHED_MAX)(find_version)
    rows = UsageRecord.objects.order_by("pk").values(*FIELDS)
    found = 0
    for row in rows.iterator(chunk_size=CHUNK_ROWS):
        tally.checked += 1
        problem = problem_of(row, version_of(row["price_id"]))
        if problem:
            found += 1
            yield f"call {row['request_id']}: {problem}"
        if found >= ROWS_MAX:
            return


def find_version(price_id: int | None) -> PriceVersion | None:
    """The version that a record names, as the arithmetic takes it."""
    row = Price.objects.filter(pk=price_id).first() if price_id is not None else None
    return prices.version_of(row) if row else None


def problem_of(row: Mapping[str, Any], version: PriceVersion | None) -> str:
    """What does not add up, or nothing. A Call that costs nothing needs no lines."""
    lines = [PriceLine(**line) for line in row["lines"]]
    charged = row["charge_nanos"] + row["written_off_nanos"]
    if total_nanos(lines) != charged:
        return f"its lines make {total_nanos(lines)} nanos, not {charged}"
    if not lines:
        return ""
    if version is None:
        return "it has lines and no price version"
    expected = price(buckets_of(row), replace(version, adjustment_bp=row["adjustment_bp"])).lines
    for line, again in zip_longest(lines, expected):
        if line != again:
            return f"{_told(line)} is charged, {_told(again)} by version {version.id} and its usage"
    return ""


def buckets_of(row: Mapping[str, Any]) -> Buckets:
    """A record's usage as the arithmetic takes it."""
    reasoning = row["reasoning_tokens"]
    return Buckets(
        input=row["input_tokens"],
        cached_input=row["cached_input_tokens"],
        output=row["output_tokens"] - reasoning,
        reasoning=reasoning,
        other=row["quantities"],
    )


def _told(line: PriceLine | None) -> str:
    if line is None:
        return "nothing"
    return f"{line.quantity} of {line.bucket} at {line.nanos_per_unit or line.nanos_per_mtok}"
