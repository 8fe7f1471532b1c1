"""Keeps every settle until its Call is on record in Postgres: what Redis loses is sent again.

The gate takes each request id once and posting books it once, so sending too often is harmless.
Only a relay that dies together with Redis loses what is kept here.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import islice

from django.db import Error as DatabaseError

from billing.gate.errors import GateClosed, GateError, GateUnavailable
from billing.gate.gate import Gate
from billing.gate.types import SettleRequest

log = logging.getLogger(__name__)

# About 2 kB each. Beyond it the reaper ends what the gate did not take; what it did take is in the
# stream, and would be lost only with Redis itself.
KEPT_MAX = 20_000
RETRY_PAUSE_S = 0.5
# Settles sent at once when Redis is back: a few milliseconds of its time.
RETRIED_AT_ONCE = 200
# Posting takes half a second; asking more often finds nothing new.
ASK_S = 2.0
ASKED_AT_ONCE = 1_000

FindPosted = Callable[[Sequence[str]], Awaitable[set[str]]]


class UnpostedUsage:
    """One per relay process. `start` and `stop` from the lifespan."""

    def __init__(self, gate: Gate, find_posted: FindPosted) -> None:
        self._gate = gate
        self._find_posted = find_posted
        self._owed: OrderedDict[str, SettleRequest] = OrderedDict()  # not taken by the gate
        self._taken: OrderedDict[str, SettleRequest] = OrderedDict()  # perhaps not yet on record
        self._retrying: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to ask what is on record."""
        self._asking = asyncio.create_task(self._ask())

    async def stop(self) -> None:
        """Get through what the gate has not taken, as long as the caller waits."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        if self._retrying is not None:
            await self._retrying

    async def settle(self, request: SettleRequest) -> None:
        """Settle now, or after one time-out behind; never raises but when cancelled."""
        try:
            await self._settle(request)
        except GateUnavailable:
            self._owe(request)
        except asyncio.CancelledError:
            self._owe(request)  # it may have run: repeating it changes nothing
            raise

    async def send_again(self, site: str) -> None:
        """Redis may have lost events of this site: settle again what is not yet on record."""
        # What is, the rebuilt balance and budgets contain already.
        with suppress(DatabaseError, OSError):
            await self._forget_posted()
        lost = [each for each in self._taken.values() if each.hold.site == site]
        if lost:
            log.warning("site %s: %d usage events are sent again", site, len(lost))
        for request in lost:
            del self._taken[request.hold.request_id]
            self._owe(request)

    async def _settle(self, request: SettleRequest) -> None:
        """Raises GateUnavailable only."""
        try:
            await self._gate.settle(request)
        except GateUnavailable:
            raise
        except (GateError, ValueError):  # ValueError: a figure beyond the gate's arithmetic
            log.exception("%s: the gate refused to settle", request.hold.request_id)
        else:
            self._taken[request.hold.request_id] = request
            if len(self._taken) > KEPT_MAX:
                self._taken.popitem(last=False)

    def _owe(self, request: SettleRequest) -> None:
        if len(self._owed) >= KEPT_MAX:
            log.error("%s: not settled, too many wait; left to the reaper", request.hold.request_id)
            return
        self._owed[request.hold.request_id] = request
        if self._retrying is None or self._retrying.done():
            self._retrying = asyncio.get_running_loop().create_task(self._retry())

    async def _retry(self) -> None:
        while self._owed:
            batch = list(islice(self._owed.items(), RETRIED_AT_ONCE))
            outcomes = await asyncio.gather(
                *[self._settle(request) for _, request in batch], return_exceptions=True
            )
            is_stuck = False
            for (request_id, _), outcome in zip(batch, outcomes, strict=True):
                if outcome is None:
                    self._owed.pop(request_id, None)
                elif isinstance(outcome, GateClosed):
                    self._owed.move_to_end(request_id)  # another site may be open
                    is_stuck = True
                elif isinstance(outcome, GateUnavailable):
                    is_stuck = True
                else:
                    raise outcome
            if is_stuck:
                await asyncio.sleep(RETRY_PAUSE_S)

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(ASK_S)
            with suppress(DatabaseError, OSError):  # Postgres is away: so is posting
                await self._forget_posted()

    async def _forget_posted(self) -> None:
        ids = list(self._taken)
        for at in range(0, len(ids), ASKED_AT_ONCE):
            for request_id in await self._find_posted(ids[at : at + ASKED_AT_ONCE]):
                self._taken.pop(request_id, None)
