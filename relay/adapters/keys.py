"""KeyDirectory: secret → Caller, from a process cache, then Postgres.

Postgres tells of every change within milliseconds (`changes.Listener`). While that link is down an
entry is asked for again after a few seconds; while Postgres itself is down, known keys go on.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from accounts.api_keys import hash_secret
from relay.adapters.key_rows import load_caller
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Caller

# About 1 kB an entry: the keys in use on one relay fit, and no flood of secrets can fill memory.
ENTRIES_MAX = 50_000
# While changes are pushed to us, an entry is trusted so long; it bounds what a lost push can do.
PUSHED_FRESH_S = 60.0
# Without the push: a revoked key is refused within 10 s all the same.
UNPUSHED_FRESH_S = 5.0
# An unknown secret is remembered, so that a client in a loop does not reach Postgres each time.
UNKNOWN_FRESH_S = 2.0
# With Postgres down, known keys go on so long.
STALE_S_MAX = 3_600.0
# Look-ups under way at once; with Postgres stuck, more would only queue up in memory.
LOADS_MAX = 1_000
# One look-up may wait so long for Postgres before the caller is told 503.
LOAD_TIMEOUT_S = 2.0


@dataclass(slots=True)
class _Entry:
    caller: Caller | None
    loaded_at: float  # monotonic seconds


class CachedKeyDirectory:
    """Implements the proxy's KeyDirectory. One per process; used from its event loop only."""

    def __init__(self) -> None:
        self.is_pushed = False  # set by the Listener: changes reach us by themselves
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._loading: dict[bytes, asyncio.Task[Caller | None]] = {}
        self._changes = 0  # told of so far

    async def find(self, secret: str) -> Caller | None:
        """See `ports.KeyDirectory.find`."""
        digest = hash_secret(secret)
        entry = self._entries.get(digest)
        now = time.monotonic()
        if entry is not None and now - entry.loaded_at < self._fresh_s(entry):
            return entry.caller
        try:
            return await self._load_once(digest)
        except (DatabaseError, OSError, TimeoutError):
            if entry is not None and entry.caller and now - entry.loaded_at < STALE_S_MAX:
                return entry.caller
            raise ApiError(Cause.GATE_UNAVAILABLE, retry_after_s=1) from None

    def forget_key(self, key_id: str) -> None:
        """A key changed, perhaps for good: without Postgres it is refused from now on."""
        self._drop(lambda caller: caller.key_id == key_id)

    def forget_organization(self, organization_id: str) -> None:
        """An organization changed: so did the rights of its keys."""
        self._drop(lambda caller: caller.organization_id == organization_id)

    def forget_all(self) -> None:
        """A plan or a site changed, or pushes may have been lost."""
        self._changes += 1
        # Kept, but stale: with Postgres down, nothing says that any of them changed.
        stale_at = time.monotonic() - PUSHED_FRESH_S
        for entry in self._entries.values():
            entry.loaded_at = min(entry.loaded_at, stale_at)

    def _drop(self, is_meant: Callable[[Caller], bool]) -> None:
        self._changes += 1
        entries = self._entries.items()
        for digest in [d for d, entry in entries if entry.caller and is_meant(entry.caller)]:
            del self._entries[digest]

    def _fresh_s(self, entry: _Entry) -> float:
        if entry.caller is None:
            return UNKNOWN_FRESH_S
        return PUSHED_FRESH_S if self.is_pushed else UNPUSHED_FRESH_S

    async def _load_once(self, digest: bytes) -> Caller | None:
        """One query for all who ask for the same key at the same time."""
        task = self._loading.get(digest)
        if task is None:
            if len(self._loading) >= LOADS_MAX:
                raise TimeoutError
            task = asyncio.get_running_loop().create_task(self._load(digest))
            self._loading[digest] = task
            task.add_done_callback(lambda _: self._loading.pop(digest, None))
        async with asyncio.timeout(LOAD_TIMEOUT_S):
            return await asyncio.shield(task)

    async def _load(self, digest: bytes) -> Caller | None:
        asked_at, changes = time.monotonic(), self._changes
        caller: Caller | None = await database_sync_to_async(load_caller)(digest)
        if changes != self._changes:
            asked_at -= PUSHED_FRESH_S  # the row may have been read before it changed: ask again
        self._entries[digest] = _Entry(caller, asked_at)
        self._entries.move_to_end(digest)
        while len(self._entries) > ENTRIES_MAX:
            self._entries.popitem(last=False)
        return caller
