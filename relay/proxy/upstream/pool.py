"""The connections to one Origin: how many, which are idle, who waits for one. Sends nothing."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from relay.proxy.upstream.connection import Connection
from relay.proxy.upstream.dialer import Dialer
from relay.proxy.upstream.errors import ConnectFailed, PoolTimeout, ResponseClosed
from relay.proxy.upstream.port import Origin, Timeouts

# How long closing waits for the loop to close sockets that are aborted already: a few of its turns.
CLOSE_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Bounds of the connections to one Origin."""

    connections_max: int = 1000
    """Open at once, idle ones included: the thousand slow streams that one core must carry."""
    idle_max: int = 128
    """Kept for later: one core does not start more exchanges than this at once."""
    idle_s: float = 30.0
    """Kept unused: meant to end before the other side's own keep-alive time-out does, since a
    close that crosses our request means a second sending."""
    waiters_max: int = 1000
    """Waiting for a connection: as many again as can be served; more would only time out."""


class Pool:
    """Hands out connections, last used first, so that surplus ones grow old and are closed.

    Invariant: `_open_count` is the number of sockets open, being opened, or promised to a waiter.
    """

    def __init__(self, origin: Origin, dialer: Dialer, limits: PoolLimits) -> None:
        self._origin = origin
        self._dialer = dialer
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._open_count = 0
        self._connections: set[Connection] = set()
        self._idle: deque[Connection] = deque()
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._drained: asyncio.Future[None] | None = None

    @property
    def is_unused(self) -> bool:
        """Whether forgetting the pool loses nothing."""
        return self._open_count == 0 and not self._waiters

    @property
    def open_count(self) -> int:
        """Sockets open or being opened."""
        return self._open_count

    @property
    def idle_count(self) -> int:
        """Connections kept for the next request."""
        return len(self._idle)

    async def acquire(self, timeouts: Timeouts, *, fresh: bool) -> Connection:
        """A free connection, the caller's until its exchange ends; `fresh` for one never used.

        PoolTimeout when all are busy for `pool_wait_s`; the dialer's errors.
        """
        if not fresh and (idle := self._pop_idle()) is not None:
            return idle
        if self._open_count < self._limits.connections_max:
            self._open_count += 1
            return await self._dial(timeouts.connect_s)
        if fresh and self._idle:
            self._idle.popleft().abort()  # its place becomes free when the loop closes it
        deadline = self._loop.time() + timeouts.pool_wait_s
        while True:
            given = await self._wait_turn(deadline)
            if given is None:
                return await self._dial(timeouts.connect_s)
            if given.is_usable and not fresh:
                return given
            given.abort()

    async def aclose(self) -> None:
        """Abort every connection and let the loop close the sockets. Idempotent.

        Exchanges under way and waiters fail with ResponseClosed.
        """
        self._close()
        if self._open_count and self._drained is None:
            self._drained = self._loop.create_future()
            with suppress(TimeoutError):  # a dial under way notices by itself when it ends
                async with asyncio.timeout(CLOSE_WAIT_S):
                    await self._drained

    def _close(self) -> None:
        self._is_closed = True
        self._idle.clear()
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
            self._sweep_timer = None
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(ResponseClosed("client closed"))
        for connection in tuple(self._connections):
            connection.kill(ResponseClosed("client closed"))

    def _pop_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.abort()
        return None

    async def _dial(self, connect_s: float) -> Connection:
        """Open a connection in a place already counted."""
        try:
            connection = await self._dialer.dial(self._origin, connect_s)
        except BaseException:
            self._free_place()
            raise
        if self._is_closed or not connection.is_open:
            connection.abort()
            self._free_place()
            if self._is_closed:
                raise ResponseClosed("client closed")
            raise ConnectFailed(f"{self._origin.host} closed the connection at once")
        connection.on_free = self._take_back
        connection.on_gone = self._forget
        self._connections.add(connection)
        return connection

    async def _wait_turn(self, deadline: float) -> Connection | None:
        """Wait for a connection, or for None: the right to open one."""
        if len(self._waiters) >= self._limits.waiters_max:
            raise PoolTimeout(f"too many wait for a connection to {self._origin.host}")
        waiter: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout_at(deadline):
                return await waiter
        except TimeoutError as error:
            self._decline(waiter)
            raise PoolTimeout(f"no free connection to {self._origin.host}") from error
        except asyncio.CancelledError:
            self._decline(waiter)
            raise

    def _decline(self, waiter: asyncio.Future[Connection | None]) -> None:
        """The wait is over for another reason: pass on what may have been given meanwhile."""
        if waiter.cancelled():
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        elif waiter.exception() is None:
            given = waiter.result()
            if given is None:
                self._free_place()
            else:
                self._take_back(given)

    def _next_waiter(self) -> asyncio.Future[Connection | None] | None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    def _take_back(self, connection: Connection) -> None:
        """A connection is free: to whoever waits longest, else to the idle ones."""
        if not connection.is_open:
            connection.abort()
        elif (waiter := self._next_waiter()) is not None:
            waiter.set_result(connection)
        elif self._is_closed or len(self._idle) >= self._limits.idle_max:
            connection.abort()
        else:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
            if self._sweep_timer is None:
                self._sweep_timer = self._loop.call_later(self._limits.idle_s, self._sweep)

    def _forget(self, connection: Connection) -> None:
        """A connection's socket is closed."""
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._free_place()

    def _free_place(self) -> None:
        """One socket fewer; the place passes to a waiter still counted, so nobody can jump in."""
        waiter = self._next_waiter()
        if waiter is None:
            self._open_count -= 1
            if self._open_count == 0 and self._drained is not None and not self._drained.done():
                self._drained.set_result(None)
        else:
            waiter.set_result(None)

    def _sweep(self) -> None:
        """Close what has been idle too long. The left end is the oldest: release order."""
        self._sweep_timer = None
        oldest_kept = self._loop.time() - self._limits.idle_s
        while self._idle and self._idle[0].idle_since <= oldest_kept:
            self._idle.popleft().abort()
        if self._idle:
            due = self._idle[0].idle_since + self._limits.idle_s
            self._sweep_timer = self._loop.call_at(due, self._sweep)
