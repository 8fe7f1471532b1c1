"""Notices that Redis may have lost what a site's Calls rest on. What to do then is its owner's."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from billing.gate.errors import GateError
from billing.gate.gate import Gate
from relay.adapters.background import Background

log = logging.getLogger(__name__)

# One look a second for each site in use: a rebuilt gate has its Holds back before much is let in.
LOOK_S = 1.0
# A site without Calls for so long has nothing left to lose; its usage was posted long ago.
WATCHED_S = 3_600.0


class LossWatch(Background):
    """Calls `on_loss(site)` after each new epoch and each new connection to Redis.

    A new epoch means that Redis was emptied and loaded from the books. A new connection may be to
    a server that restarted, or took over, without its last writes. The first look at a site counts
    as a loss too: nobody looked while its first Calls began.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        connections_made: Callable[[], int],
        on_loss: Callable[[str], Awaitable[None]],
    ) -> None:
        self._gate = gate
        self._connections_made = connections_made
        self._on_loss = on_loss
        self._used_at: dict[str, float] = {}
        self._marks: dict[str, tuple[int, str]] = {}

    def watch(self, site: str) -> None:
        """A Call of this site begins."""
        self._used_at[site] = asyncio.get_running_loop().time()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Look at every site in use, once."""
        unused_before = asyncio.get_running_loop().time() - WATCHED_S
        for site, used_at in tuple(self._used_at.items()):
            if used_at < unused_before:
                del self._used_at[site]
                self._marks.pop(site, None)
        try:
            for site in tuple(self._used_at):
                await self._look_at(site)
        except GateError as error:  # the next look finds the mark unchanged
            log.info("Redis can't be asked for losses: %s", error)

    async def _look_at(self, site: str) -> None:
        connections = self._connections_made()
        epoch = await self._gate.read_epoch(site)
        # A closed gate takes nothing back; its next epoch will differ.
        if epoch is None or connections != self._connections_made():
            return
        mark = (connections, epoch)
        if self._marks.get(site) != mark:
            await self._on_loss(site)
            self._marks[site] = mark
