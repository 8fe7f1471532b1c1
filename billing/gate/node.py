"""One Redis server: keeps a pipelined connection to it alive. Sends nothing of its own accord.

While the server is away, callers fail at once; only those who come during the first attempt to
connect wait for its outcome.
"""

import asyncio
import logging
import random
import re
from collections.abc import Sequence
from typing import Any

from billing.gate.address import Address
from billing.gate.errors import GateUnavailable
from billing.gate.resp import ErrorReply, RespConnection
from billing.gate.runner import Word
from billing.gate.slots import Endpoint

logger = logging.getLogger(__name__)

# "Normal <= 5 s after SIGCONT" (acceptance 12): the longest pause plus one time-out stays under it.
BACKOFF_S_MIN = 0.05
BACKOFF_S_MAX = 1.0

# INFO, section "Server": 40 random hex digits, drawn when the process starts (Redis 6.2 and Valkey
# 9.1, read 2026-11).
_RUN_ID = re.compile(rb"^run_id:([0-9a-f]+)\r?$", re.MULTILINE)


class Node:
    """A server and the one connection to it, which heals itself. Belongs to one event loop."""

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._connection: RespConnection | None = None
        self._healing: asyncio.Task[None] | None = None
        self._first_attempt: asyncio.Future[None] | None = None
        self._is_closed = False
        self.endpoint = Endpoint(address.host, address.port)
        self.connections_made = 0

    @property
    def connection(self) -> RespConnection | None:
        """The connection if it is usable now."""
        connection = self._connection
        return connection if connection is not None and connection.is_alive else None

    async def connected(self) -> RespConnection:
        """The live connection, waiting for a first attempt under way but for no later one.

        Raises `GateUnavailable`.
        """
        if (connection := self.connection) is not None:
            return connection
        if self._is_closed:
            raise GateUnavailable("the gate's client was closed")
        if self._healing is None or self._healing.done():
            self._begin_healing()
        if self._first_attempt is not None:
            await asyncio.wait([self._first_attempt], timeout=self._timeout_s)
        if (connection := self.connection) is None:
            raise GateUnavailable(f"no connection to Redis at {self._address.label}")
        return connection

    async def ask(self, words: Sequence[Word]) -> Any:
        """The reply to one command, an `ErrorReply` as a value included."""
        return await (await self.connected()).send(words)

    async def close(self) -> None:
        """Drop the connection; what is under way fails with `GateUnavailable`. Idempotent."""
        self._is_closed = True
        if self._healing is not None:
            self._healing.cancel()
            await asyncio.gather(self._healing, return_exceptions=True)
        if self._connection is not None:
            self._connection.close("the gate's client was closed")
            await self._connection.wait_closed()

    def _begin_healing(self) -> None:
        self._first_attempt = asyncio.get_running_loop().create_future()
        self._healing = asyncio.create_task(self._heal(self._first_attempt))

    async def _heal(self, first_attempt: asyncio.Future[None]) -> None:
        """Try to connect until it works, with growing, jittered pauses."""
        pause_s = BACKOFF_S_MIN
        while True:
            try:
                self._connection = await self._open()
                self.connections_made += 1
                return
            except (OSError, TimeoutError, GateUnavailable) as error:
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
        reply: Any = b""
        for words in self._address.greeting():
            reply = await connection.send(words)
            if isinstance(reply, ErrorReply):
                # the code alone: what follows may repeat a user's name
                raise GateUnavailable(f"Redis refused us: {str(reply).partition(' ')[0]}")
        # the greeting ends with INFO; a connection outlives no process, so this stays true of it
        run_id = _RUN_ID.search(reply)
        if run_id is None:
            raise GateUnavailable("Redis did not say which process it is")
        connection.run_id = run_id[1].decode()

    def _connection_lost(self, reason: str) -> None:
        """Start healing as soon as a connection that was in use is gone."""
        if self._is_closed or self._connection is None or self._connection.is_alive:
            return
        logger.warning("Redis at %s: %s", self._address.label, reason)
        if self._healing is None or self._healing.done():
            self._begin_healing()
