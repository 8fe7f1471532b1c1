"""Keeps a site's posting and the rebuild of its gate apart, by Postgres advisory locks.

From before a batch is read until it is acknowledged the books and the stream disagree about it;
a rebuild that counted then would count the batch twice. Nobody waits: who can't, comes back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# Any number that no other advisory lock of the database uses: "tg" in ASCII.
LOCK_CLASS = 0x7467


@contextmanager
def posting(site_id: str) -> Iterator[bool]:
    """Hold the site together with other posters; False while its gate is being rebuilt."""
    with _held(site_id, "_shared") as is_held:
        yield is_held


@contextmanager
def rebuilding(site_id: str) -> Iterator[bool]:
    """Hold the site alone; False while anybody posts or rebuilds."""
    with _held(site_id, "") as is_held:
        yield is_held


@contextmanager
def _held(site_id: str, mode: str) -> Iterator[bool]:
    # The session's lock, not the transaction's: it must outlast the commit by one round trip to
    # Redis. A connection that dies gives it back.
    key = (LOCK_CLASS, site_id)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock{mode}(%s, hashtext(%s))", key)
        is_held: bool = cursor.fetchone()[0]
    try:
        yield is_held
    finally:
        if is_held and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock{mode}(%s, hashtext(%s))", key)
