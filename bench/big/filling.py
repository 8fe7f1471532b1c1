"""Fills a migrated, empty database with a big deployment, by the SQL files beside it.

Nothing goes through the platform's own code: that is what is measured afterwards, and its audit
says whether the books that came out are right.
"""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from bench.big.size import Size

FILES = Path(__file__).parent
# Connections that write records at once: the cores of the machines that this was made for.
SHARES = 2
# `:name`, but neither `::type` nor the `:` of JSON.
_NAME = re.compile(r"(?<![:\w\"]):([a-z_]+)")
# What a column that a file does not name holds, by its type.
BLANKS = {
    "character varying": "''",
    "text": "''",
    "bytea": "''",
    "boolean": "false",
    "smallint": "0",
    "integer": "0",
    "bigint": "0",
    "ARRAY": "'{}'",
    "jsonb": "'{}'",
    "date": "current_date",
    "timestamp with time zone": "now()",
}
RECORDS, SUMS = "billing_usagerecord", "billing_usagerollup"


class Executes(Protocol):
    """A cursor, of psycopg or Django."""

    def execute(self, statement: Any, /) -> Any: ...
    def fetchall(self) -> list[Any]: ...


Told = Callable[[str], None]


def statements(file: str, size: Size, **more: int) -> str:
    """A file with the sizes in it."""
    values = size.literals() | {name: str(value) for name, value in more.items()}
    return _NAME.sub(lambda found: values[found[1]], (FILES / file).read_text())


def fill_small(cursor: Executes, size: Size) -> None:
    """Everything over one cursor, in its transaction: for tests."""
    # Checks of foreign keys at once: a table with such ones to come cannot be altered.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    _make_months(cursor, size)
    with _with_defaults(cursor):
        for file in ("1_people.sql", "2_catalog.sql"):
            cursor.execute(statements(file, size))
        cursor.execute(statements("3_usage.sql", size, share=1, shares=1))
        # A transaction is written before its entries.
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for file in ("4_books.sql", "5_trail.sql"):
            cursor.execute(statements(file, size))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    _move_sequences(cursor)


def fill(url: str, size: Size, told: Told) -> None:
    """As a superuser, whose session skips triggers and foreign keys: the audit comes afterwards."""
    with _connected(url) as connection, connection.cursor() as cursor, _with_defaults(cursor):
        _make_months(cursor, size)
        for file in ("1_people.sql", "2_catalog.sql"):
            _timed(file, told, lambda file=file: cursor.execute(statements(file, size)))
        with _without_indexes(cursor, RECORDS, told):
            _timed("3_usage.sql", told, lambda: _fill_records(url, size))
        with _without_indexes(cursor, SUMS, told):
            _timed("4_books.sql", told, lambda: cursor.execute(statements("4_books.sql", size)))
        _timed("5_trail.sql", told, lambda: cursor.execute(statements("5_trail.sql", size)))
        _move_sequences(cursor)
        _timed("vacuum", told, lambda: cursor.execute("VACUUM (ANALYZE)"))


def _fill_records(url: str, size: Size) -> None:
    def fill_share(share: int) -> None:
        with _connected(url) as connection:
            connection.execute(statements("3_usage.sql", size, share=share, shares=SHARES))

    with ThreadPoolExecutor(SHARES) as pool:
        list(pool.map(fill_share, range(1, SHARES + 1)))


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SET session_replication_role = replica; SET work_mem = '512MB';"
            " SET maintenance_work_mem = '1GB'; SET synchronous_commit = off"
        )
        yield connection


@contextmanager
def _with_defaults(cursor: Executes) -> Iterator[None]:
    """Columns that are newer than the files, and must not be null, are blank meanwhile."""
    cursor.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL"
        " AND is_identity = 'NO' AND table_name ~ '^(accounts?|billing|relay)_'"
        " AND table_name !~ '^billing_usagerecord'"
    )
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in cursor.fetchall():
        if kind in BLANKS:
            columns.setdefault(table, []).append((column, BLANKS[kind]))
    for table, found in columns.items():
        changes = ", ".join(f'ALTER "{name}" SET DEFAULT {blank}' for name, blank in found)
        cursor.execute(f"ALTER TABLE {table} {changes}")
    yield
    for table, found in columns.items():
        changes = ", ".join(f'ALTER "{name}" DROP DEFAULT' for name, _ in found)
        cursor.execute(f"ALTER TABLE {table} {changes}")


def _make_months(cursor: Executes, size: Size) -> None:
    cursor.execute(
        "SELECT billing_make_usage_month(month::date) FROM generate_series("
        f"date_trunc('month', {size.literals()['since']}), {size.literals()['now']}, '1 month')"
        " AS month"
    )


@contextmanager
def _without_indexes(cursor: Executes, table: str, told: Told) -> Iterator[None]:
    """Indexes are made at the end, in a third of the time."""
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        f" WHERE conrelid = '{table}'::regclass AND contype IN ('p', 'u')"
    )
    constraints = cursor.fetchall()
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        f" WHERE indrelid = '{table}'::regclass AND NOT EXISTS"
        " (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
    )
    indexes = cursor.fetchall()
    for name, _ in constraints:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield

    def make() -> None:
        for name, definition in constraints:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for _, definition in indexes:
            cursor.execute(definition.replace(" ON ONLY ", " ON "))

    _timed(f"indexes of {table}", told, make)


def _move_sequences(cursor: Executes) -> None:
    """Ids that were given count as given."""
    cursor.execute(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND is_identity = 'YES' AND column_name = 'id'"
    )
    for (table,) in cursor.fetchall():
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"
            f" (SELECT COALESCE(max(id), 0) + 1 FROM {table}), false)"
        )


def _timed(what: str, told: Told, act: Callable[[], object]) -> None:
    start = time.monotonic()
    act()
    told(f"{time.monotonic() - start:6.0f} s  {what}")
