"""How `billing.ledger` writes: few statements for many rows, past the ORM. Decides nothing.

Posting books thousands of transactions at a time, of which Django's models would be half the cost.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

# site, kind, external id, reason, actor
TransactionRow = tuple[str, str, str, str, int | None]
# transaction, account, amount, balance after it
EntryRow = tuple[int, int, int, int]


def insert_transactions(rows: Sequence[TransactionRow]) -> dict[tuple[str, str], int]:
    """Their new ids by (kind, external id). Raises IntegrityError when one is taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_ledgertransaction"
            " (site_id, kind, external_id, reason, actor_id, created_at)"
            " SELECT made.*, %s FROM"
            " unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) AS made"
            " RETURNING kind, external_id, id",
            [timezone.now(), *_columns(rows)],
        )
        return {(kind, external_id): pk for kind, external_id, pk in cursor.fetchall()}


def insert_entries(rows: Sequence[EntryRow]) -> None:
    """In the order given, which is that of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_ledgerentry"
            " (transaction_id, account_id, amount_nanos, balance_after_nanos)"
            " SELECT transaction_id, account_id, amount_nanos, balance_after_nanos FROM"
            " unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) WITH ORDINALITY AS"
            " made (transaction_id, account_id, amount_nanos, balance_after_nanos, place)"
            " ORDER BY place",
            _columns(rows),
        )


def save_balances(rows: Sequence[tuple[int, int]]) -> None:
    """Accounts, locked by the caller, and their new balances."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_ledgeraccount AS account SET balance_nanos = moved.balance_nanos"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS moved (id, balance_nanos)"
            " WHERE account.id = moved.id",
            _columns(rows),
        )


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
