"""The gate's Redis client: keeps one pipelined connection alive and runs scripts over it.

Never sends anything twice that may have run: only a script that Redis does not know (NOSCRIPT, so
it did not run) is loaded and sent again. While Redis is away, callers fail at once.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Any

from billing.gate.address import Address, parse_address
from billing.gate.errors import GateUnavailable, ScriptRefused
from billing.gate.resp import TIMEOUT_S, ErrorReply, RespConnection
from billing.gate.runner import Word
from billing.gate.scripts import Script

logger = logging.getLogger(__name__)

# "Normal <= 5 s after SIGCONT" (acceptance 12): the longest pause plus one time-out stays under it.
BACKOFF_S_MIN = 0.05
BACKOFF_S_MAX = 1.0

# Redis is there but cannot serve; it says so before running anything. (Redis 7.2 and Valkey 9.1
# error prefixes, read 2026-11.)
_NOT_SERVING = (
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "MISCONF",
    "NOREPLICAS",
    "OOM",
    "BUSY",
    "TRYAGAIN",
)


class RedisClient:
    """A `ScriptRunner`, and plain commands, over one connection that heals itself.

    Belongs to one event loop. `timeout_s` bounds connecting, waiting and each reply.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._address: Address = parse_address(url)
        self._timeout_s = timeout_s
        self._connection: RespConnection | None = None
        self._healing: asyncio.Task[None] | None = None
        self._first_attempt: asyncio.Future[None] | None = None
        self._is_closed = False

    async def connect(self) -> None:
        """Connect now rather than with the first command; raises `GateUnavailable`."""
        await self._wait_connected()

    async def close(self) -> None:
        """Drop the connection; what is under way fails with `GateUnavailable`. Idempotent."""
        self._is_closed = True
        if self._healing is not None:
            self._healing.cancel()
            await asyncio.gather(self._healing, return_exceptions=True)
        if self._connection is not None:
            self._connection.close("the gate's client was closed")
            await self._connection.wait_closed()

    async def run(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        """Run a script once. See `ScriptRunner`."""
        connection = self._connection
        if connection is None or not connection.is_alive:
            connection = await self._wait_connected()
        tail = (len(keys), *keys, *args)
        reply = await connection.send(("EVALSHA", script.sha, *tail))
        if not isinstance(reply, ErrorReply):
            return reply
        if not str(reply).startswith("NOSCRIPT"):
            return self._refuse(reply)
        loading = connection.send(("SCRIPT", "LOAD", script.text))
        running = connection.send(("EVALSHA", script.sha, *tail))
        loaded, reply = await asyncio.gather(loading, running)
        self._checked(loaded)
        return self._checked(reply)

    async def command(self, *words: Word) -> Any:
        """Send one plain command once, and give its reply; not for SUBSCRIBE, MONITOR or BLOCK.

        Raises `GateUnavailable` (it may have run) or `ScriptRefused`.
        """
        connection = self._connection
        if connection is None or not connection.is_alive:
            connection = await self._wait_connected()
        return self._checked(await connection.send(words))

    def _checked(self, reply: Any) -> Any:
        return self._refuse(reply) if isinstance(reply, ErrorReply) else reply

    def _refuse(self, reply: ErrorReply) -> Any:
        """Raise what an error reply means to the caller."""
        message = str(reply)
        if not message.startswith(_NOT_SERVING):
            raise ScriptRefused(message)
        if message.startswith("READONLY") and self._connection is not None:
            # a failover moved the primary: look the name up again
            self._connection.close("Redis became a replica")
        raise GateUnavailable(f"Redis cannot serve: {message.split(' ', 1)[0]}")

    async def _wait_connected(self) -> RespConnection:
        """The live connection, waiting for a first attempt under way but for no later one."""
        if self._is_closed:
            raise GateUnavailable("the gate's client was closed")
        if self._healing is None or self._healing.done():
            self._first_attempt = asyncio.get_running_loop().create_future()
            self._healing = asyncio.create_task(self._heal(self._first_attempt))
        if self._first_attempt is not None:
            await asyncio.wait([self._first_attempt], timeout=self._timeout_s)
        if self._connection is None or not self._connection.is_alive:
            raise GateUnavailable(f"no connection to Redis at {self._address.label}")
        return self._connection

    async def _heal(self, first_attempt: asyncio.Future[None]) -> None:
        """Try to connect until it works, with growing, jittered pauses."""
        pause_s = BACKOFF_S_MIN
        while True:
            try:
                self._connection = await self._open()
                return
            except (OSError, TimeoutError, GateUnavailable, ScriptRefused) as error:
                logger.warning("Redis at %s is not usable: %s", self._address.label, error)
            finally:
                if not first_attempt.done():
                    first_attempt.set_result(None)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
            pause_s = min(pause_s * 2, BACKOFF_S_MAX)

    async def _open(self) -> RespConnection:
        loop = asyncio.get_running_loop()
        address = self._address

        def protocol() -> RespConnection:
            return RespConnection(timeout_s=self._timeout_s, on_lost=self._connection_lost)

        async with asyncio.timeout(self._timeout_s):
            if address.socket_path is not None:
                _, connection = await loop.create_unix_connection(protocol, address.socket_path)
            else:
                _, connection = await loop.create_connection(
                    protocol, address.host, address.port, ssl=address.tls
                )
            try:
                await self._greet(connection)
            except BaseException:  # cancellation too: nobody else knows this connection yet
                connection.close()
                await connection.wait_closed()
                raise
        return connection

    async def _greet(self, connection: RespConnection) -> None:
        for words in self._address.greeting():
            self._checked(await connection.send(words))

    def _connection_lost(self, reason: str) -> None:
        """Start healing as soon as a connection that was in use is gone."""
        if self._is_closed or self._connection is None or self._connection.is_alive:
            return
        logger.warning("Redis at %s: %s", self._address.label, reason)
        if self._healing is None or self._healing.done():
            self._first_attempt = asyncio.get_running_loop().create_future()
            self._healing = asyncio.create_task(self._heal(self._first_attempt))
