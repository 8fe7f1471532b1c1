"""Listens to Postgres for changes of keys, organizations and the catalog, and passes them on.

Postgres notifies at commit, whoever wrote; a link that was cut may have missed some, so that after
each reconnection everything is taken as changed.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

import psycopg

from relay.adapters.background import Background

log = logging.getLogger(__name__)

CHANNEL = "tollgate_changes"
# A link that is silently dead is noticed so soon: a revoked key is refused within 10 s in any case.
HEARTBEAT_S = 2.0
RECONNECT_S = 1.0


class Hears(Protocol):
    """Whoever keeps copies of rows."""

    is_pushed: bool

    def forget_key(self, key_id: str) -> None: ...
    def forget_organization(self, organization_id: str) -> None: ...
    def forget_all(self) -> None: ...


class Listener(Background):
    """One per process. Changes before its first connection are covered by the reload it brings."""

    def __init__(self, database_url: str, keys: Hears, want_reload: Callable[[], None]) -> None:
        self._database_url = database_url
        self._keys = keys
        self._want_reload = want_reload

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("not hearing of changes: %s", type(error).__name__)
            finally:
                self._keys.is_pushed = False
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        async with asyncio.timeout(HEARTBEAT_S):
            connection = await psycopg.AsyncConnection.connect(
                self._database_url, autocommit=True, application_name="tollgate-changes"
            )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self._keys.forget_all()
            self._want_reload()
            self._keys.is_pushed = True
            while True:
                async for notice in connection.notifies(timeout=HEARTBEAT_S):
                    self._pass_on(notice.payload)
                async with asyncio.timeout(HEARTBEAT_S):
                    await connection.execute("SELECT 1")

    def _pass_on(self, payload: str) -> None:
        kind, _, row_id = payload.partition(":")
        if kind == "key":
            self._keys.forget_key(row_id)
        elif kind == "organization":
            self._keys.forget_organization(row_id)
        else:
            self._keys.forget_all()  # plans' limits are part of a key's rights
            self._want_reload()
