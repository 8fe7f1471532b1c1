"""Checks of the books by themselves. Each is one statement, so it sees one instant."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection
from django.db.models import Sum

from billing.audit.report import Tally
from billing.models import LedgerAccount, LedgerEntry, LedgerTransaction

# Rows that a statement gives back: more than a report shows, less than fills memory.
ROWS_MAX = 100


def transactions_sum_to_zero(tally: Tally) -> Iterator[str]:
    """I1, and that a transaction has at least two sides."""
    tally.checked = LedgerTransaction.objects.count()
    rows = _select(
        "SELECT transaction.id, count(entry.id), COALESCE(sum(entry.amount_nanos), 0)"
        " FROM billing_ledgertransaction AS transaction"
        " LEFT JOIN billing_ledgerentry AS entry ON entry.transaction_id = transaction.id"
        " GROUP BY transaction.id"
        " HAVING count(entry.id) < 2 OR sum(entry.amount_nanos) <> 0 ORDER BY 1"
    )
    for transaction_id, entries, nanos in rows:
        yield f"transaction {transaction_id}: {entries} entries sum to {nanos} nanos"


def balances_are_sums(tally: Tally) -> Iterator[str]:
    """I2, and that the last entry says the same."""
    tally.checked = LedgerAccount.objects.count()
    rows = _select(
        "SELECT account.id, account.balance_nanos, COALESCE(sums.nanos, 0),"
        " COALESCE(last.balance_after_nanos, 0) FROM billing_ledgeraccount AS account"
        " LEFT JOIN (SELECT account_id, sum(amount_nanos) AS nanos, max(id) AS last_id"
        "  FROM billing_ledgerentry GROUP BY account_id) AS sums ON sums.account_id = account.id"
        " LEFT JOIN billing_ledgerentry AS last ON last.id = sums.last_id"
        " WHERE account.balance_nanos <> COALESCE(sums.nanos, 0)"
        " OR account.balance_nanos <> COALESCE(last.balance_after_nanos, 0) ORDER BY 1"
    )
    for account_id, balance, nanos, last in rows:
        yield (
            f"account {account_id}: balance {balance}, entries sum to {nanos},"
            f" last entry says {last} nanos"
        )


def customers_are_not_below_zero(tally: Tally) -> Iterator[str]:
    """I3 in the books. Only what banks took back may be missing."""
    customers = LedgerAccount.objects.filter(kind=LedgerAccount.Kind.ORGANIZATION)
    tally.checked = customers.count()
    below = customers.filter(balance_nanos__lt=0).order_by("pk")
    rows = list(below.values_list("organization_id", "balance_nanos")[:ROWS_MAX])
    disputed = disputed_nanos([organization_id for organization_id, _ in rows])
    for organization_id, nanos in rows:
        if nanos + disputed.get(organization_id, 0) < 0:
            yield f"{organization_id} has {nanos} nanos"


def disputed_nanos(organization_ids: Iterable[str]) -> dict[str, int]:
    """What payment disputes, won ones aside, have taken from each that had any."""
    kinds = (LedgerTransaction.Kind.DISPUTE, LedgerTransaction.Kind.DISPUTE_WON)
    rows = (
        LedgerEntry.objects.filter(
            account__organization__in=list(organization_ids), transaction__kind__in=kinds
        )
        .values_list("account__organization_id")
        .annotate(nanos=Sum("amount_nanos"))
    )
    return {organization_id: max(0, -int(nanos)) for organization_id, nanos in rows}


def nothing_is_booked_twice(tally: Tally) -> Iterator[str]:
    """I4: one transaction per (kind, external id), whatever became of the constraint; one record
    per Call, which the constraint only promises for the same instant of admission."""
    tally.checked = LedgerTransaction.objects.count()
    rows = _select(
        "SELECT kind, external_id, count(*) FROM billing_ledgertransaction"
        " GROUP BY kind, external_id HAVING count(*) > 1 ORDER BY 1, 2"
    )
    for kind, external_id, times in rows:
        yield f"{kind} {external_id} is booked {times} times"
    rows = _select(
        "SELECT request_id, count(*) FROM billing_usagerecord"
        " GROUP BY request_id HAVING count(*) > 1 ORDER BY 1"
    )
    for request_id, times in rows:
        yield f"call {request_id} has {times} records"


def _select(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} LIMIT {ROWS_MAX}")
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
