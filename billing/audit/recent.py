"""Checks of the books between two ledger transactions: what they say is what they add up to.

Each statement reads by index and sees one instant. Bounded by the span it is given.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from billing.audit.ledger import ROWS_MAX
from billing.audit.usage import FIELDS, find_version, problem_of
from billing.models import LedgerEntry, UsageRecord


@dataclass(frozen=True, slots=True)
class Difference:
    """What speaks against an invariant, and whose money it is ("": nobody's alone)."""

    check: str
    text: str
    organization_id: str = ""

    def as_json(self) -> dict[str, str]:
        """As an AuditRun keeps it."""
        return {"check": self.check, "text": self.text, "organization": self.organization_id}


# Only constants enter the statements below (S608); the span is given as parameters.
_SPAN = "BETWEEN %(since)s + 1 AND %(upto)s"

_UNBALANCED = f"""
SELECT moved.id, count(entry.id), COALESCE(sum(entry.amount_nanos), 0),
  COALESCE(max(account.organization_id), '')
FROM billing_ledgertransaction AS moved
LEFT JOIN billing_ledgerentry AS entry ON entry.transaction_id = moved.id
LEFT JOIN billing_ledgeraccount AS account ON account.id = entry.account_id
WHERE moved.id {_SPAN}
GROUP BY moved.id HAVING count(entry.id) < 2 OR COALESCE(sum(entry.amount_nanos), 0) <> 0
ORDER BY moved.id LIMIT {ROWS_MAX}
"""  # noqa: S608
# Every new entry goes on from the one before it, and the account stands where its last one ends.
_CHAIN = f"""
SELECT account.id, COALESCE(account.organization_id, ''), entry.id, entry.amount_nanos,
  entry.balance_after_nanos, COALESCE(earlier.balance_after_nanos, 0)
FROM billing_ledgerentry AS entry
JOIN billing_ledgeraccount AS account ON account.id = entry.account_id
LEFT JOIN LATERAL (SELECT balance_after_nanos FROM billing_ledgerentry AS other
  WHERE other.account_id = entry.account_id AND other.id < entry.id
  ORDER BY other.id DESC LIMIT 1) AS earlier ON true
WHERE entry.transaction_id {_SPAN}
  AND entry.balance_after_nanos <> COALESCE(earlier.balance_after_nanos, 0) + entry.amount_nanos
ORDER BY entry.id LIMIT {ROWS_MAX}
"""  # noqa: S608
_STANDING = f"""
SELECT account.id, COALESCE(account.organization_id, ''), account.balance_nanos,
  newest.balance_after_nanos
FROM billing_ledgeraccount AS account
JOIN LATERAL (SELECT balance_after_nanos FROM billing_ledgerentry AS other
  WHERE other.account_id = account.id ORDER BY other.id DESC LIMIT 1) AS newest ON true
WHERE account.id IN (SELECT account_id FROM billing_ledgerentry WHERE transaction_id {_SPAN})
  AND account.balance_nanos <> newest.balance_after_nanos
ORDER BY account.id LIMIT {ROWS_MAX}
"""  # noqa: S608
# Below zero by use: only a dispute may do that.
_BELOW_ZERO = f"""
SELECT account.organization_id, account.balance_nanos FROM billing_ledgeraccount AS account
WHERE account.organization_id IS NOT NULL AND account.balance_nanos < 0
  AND account.id IN (SELECT account_id FROM billing_ledgerentry WHERE transaction_id {_SPAN})
  AND NOT EXISTS (SELECT FROM billing_ledgerentry AS entry
    JOIN billing_ledgertransaction AS moved ON moved.id = entry.transaction_id
    WHERE entry.account_id = account.id AND moved.kind = 'dispute')
ORDER BY 1 LIMIT {ROWS_MAX}
"""  # noqa: S608
_CHARGED = f"""
SELECT moved.id, account.organization_id, -entry.amount_nanos, COALESCE(used.nanos, 0)
FROM billing_ledgertransaction AS moved
JOIN billing_ledgerentry AS entry ON entry.transaction_id = moved.id
JOIN billing_ledgeraccount AS account
  ON account.id = entry.account_id AND account.organization_id IS NOT NULL
LEFT JOIN LATERAL (SELECT sum(record.charge_nanos) AS nanos FROM billing_usagerecord AS record
  WHERE record.ledger_transaction_id = moved.id) AS used ON true
WHERE moved.kind = 'charge' AND moved.id {_SPAN}
  AND -entry.amount_nanos <> COALESCE(used.nanos, 0)
ORDER BY moved.id LIMIT {ROWS_MAX}
"""  # noqa: S608


def find(since: int, upto: int) -> Iterator[Difference]:
    """All differences in the transactions after `since` up to `upto`."""
    for row in _select(_UNBALANCED, since, upto):
        text = f"transaction {row[0]}: {row[1]} entries sum to {row[2]} nanos"
        yield Difference("I1", text, row[3])
    for row in _select(_CHAIN, since, upto):
        text = f"account {row[0]}: entry {row[2]} of {row[3]} nanos leads from {row[5]} to {row[4]}"
        yield Difference("I2", text, row[1])
    for row in _select(_STANDING, since, upto):
        text = f"account {row[0]}: balance {row[2]}, last entry says {row[3]} nanos"
        yield Difference("I2", text, row[1])
    for row in _select(_BELOW_ZERO, since, upto):
        yield Difference("I3", f"{row[0]} has {row[1]} nanos", row[0])
    for row in _select(_CHARGED, since, upto):
        text = f"transaction {row[0]}: {row[2]} nanos are booked, its Calls cost {row[3]}"
        yield Difference("I4-usage", text, row[1])
    yield from _unexplained(since, upto)


def touched(since: int, upto: int) -> set[str]:
    """Organizations whose balance one of the transactions moved."""
    rows = LedgerEntry.objects.filter(transaction__gt=since, transaction__lte=upto)
    ids = rows.filter(account__organization__isnull=False).values_list(
        "account__organization", flat=True
    )
    return {each for each in ids.distinct() if each}


def _unexplained(since: int, upto: int) -> Iterator[Difference]:
    version_of = lru_cache(maxsize=None)(find_version)
    rows = UsageRecord.objects.filter(
        ledger_transaction__gt=since, ledger_transaction__lte=upto
    ).values(*FIELDS, "organization_id")
    found = 0
    for row in rows.iterator():
        problem = problem_of(row, version_of(row["price_id"]))
        if problem and (found := found + 1) <= ROWS_MAX:
            yield Difference("I6", f"call {row['request_id']}: {problem}", row["organization_id"])


def _select(statement: str, since: int, upto: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"since": since, "upto": upto})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
