"""How `billing.ledger` writes: few statements for many rows, past the ORM. Decides nothing.

Posting books thousands of transactions at a time, of which Django's models would be half the cost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

# site, kind, external id, reason, actor
TransactionRow = tuple[str, str, str, str, int | None]
# transaction, account, amount, balance after it
EntryRow = tuple[int, int, int, int]


@dataclass(slots=True)
class LockedAccount:
    """An account's row, locked until the database transaction ends; its balance moves with what is
    about to be booked."""

    pk: int
    site_id: str
    kind: str
    organization_id: str | None
    balance_nanos: int


def lock_accounts(
    organization_ids: Sequence[str], houses: Sequence[tuple[str, str]]
) -> list[LockedAccount]:
    """The accounts that there are, of organizations and (site, kind), locked in the order of ids.

    No key update: entries of other transactions may still refer to the rows meanwhile.
    """
    sites, kinds = [site for site, _ in houses], [kind for _, kind in houses]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, site_id, kind, organization_id, balance_nanos FROM billing_ledgeraccount"
            " WHERE id IN (SELECT id FROM billing_ledgeraccount WHERE organization_id = ANY(%s)"
            "  UNION ALL SELECT id FROM billing_ledgeraccount WHERE organization_id IS NULL"
            "  AND (site_id, kind) IN (SELECT * FROM unnest(%s::text[], %s::text[])))"
            " ORDER BY id FOR NO KEY UPDATE",
            [list(organization_ids), sites, kinds],
        )
        return [LockedAccount(*row) for row in cursor.fetchall()]


def find_transactions(kind: str, external_ids: Sequence[str]) -> dict[tuple[str, str], int]:
    """The ids of those that there are, by (kind, external id)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id, id FROM billing_ledgertransaction"
            " WHERE kind = %s AND external_id = ANY(%s)",
            [kind, list(external_ids)],
        )
        return {(kind, external_id): pk for external_id, pk in cursor.fetchall()}


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
            [_bigints(column) for column in zip(*rows, strict=True)],
        )


def save_balances(rows: Sequence[tuple[int, int]]) -> None:
    """Accounts, locked by the caller, and their new balances."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_ledgeraccount AS account SET balance_nanos = moved.balance_nanos"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS moved (id, balance_nanos)"
            " WHERE account.id = moved.id",
            [_bigints(column) for column in zip(*rows, strict=True)],
        )


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _bigints(values: Iterable[int]) -> str:
    """An array as Postgres reads it; ten times faster than the driver writes a list."""
    return f"{{{','.join(map(str, values))}}}"
