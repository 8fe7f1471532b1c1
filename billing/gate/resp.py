"""One pipelined connection to Redis: RESP2 over an asyncio transport, all coroutines on one socket.

Writes once per loop tick, answers in order, and dies as a whole: a time-out, a broken stream or a
lost connection fails every command under way with `GateUnavailable`. Never reconnects, never
repeats; `client.py` does what of that is safe.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

import hiredis

from billing.gate.errors import GateUnavailable

# "Fail closed in <= 1 s" (design, section 5), less the time to notice and answer the client.
TIMEOUT_S = 0.9
# Replies may lie unread in the socket when our own loop was late; one more look before giving up.
GRACE_S = 0.03
# At 10,000 scripts a second this is half a second's worth: more is not waiting, it is failing.
PENDING_MAX = 4096
# What a stopped server can make us keep, beside the kernel's own socket buffer.
UNSENT_BYTES_MAX = 8 * 1024 * 1024

_NOT_YET = object()


class ErrorReply(Exception):
    """An error that Redis answered with; a value in the reply, raised by nobody here."""


class RespConnection(asyncio.Protocol):
    """The protocol object of one connection. Made by `loop.create_connection`; not reusable."""

    def __init__(
        self, *, timeout_s: float = TIMEOUT_S, on_lost: Callable[[str], None] | None = None
    ) -> None:
        self.run_id = ""  # of the server process at the other end, once it was greeted
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader(replyError=ErrorReply, notEnoughData=_NOT_YET)
        self._pending: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._is_paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._lost: str | None = None
        self._ended: asyncio.Future[None] = self._loop.create_future()

    @property
    def is_alive(self) -> bool:
        """Whether commands can be sent."""
        return self._transport is not None and self._lost is None

    def send(self, command: Sequence[bytes | str | int]) -> asyncio.Future[Any]:
        """Queue one command; the future has its reply, an `ErrorReply` as a value included.

        Raises `GateUnavailable` at once when the connection is gone or too much is waiting.
        """
        if self._transport is None or self._lost is not None:
            raise GateUnavailable(self._lost or "not connected to Redis")
        if len(self._pending) >= PENDING_MAX or self._unsent_bytes > UNSENT_BYTES_MAX:
            raise GateUnavailable("too many commands wait for Redis")
        packed = cast("bytes", hiredis.pack_command(cast("Any", tuple(command))))
        if not self._unsent and not self._is_paused:
            self._loop.call_soon(self._flush)
        self._unsent.append(packed)
        self._unsent_bytes += len(packed)
        deadline = self._loop.time() + self._timeout_s
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._check_oldest)
        reply: asyncio.Future[Any] = self._loop.create_future()
        self._pending.append((deadline, reply))
        return reply

    def close(self, reason: str = "the connection was closed") -> None:
        """Drop the connection now and fail what is under way. Idempotent."""
        self._lose(reason)

    async def wait_closed(self) -> None:
        """Return once the socket is closed, after `close` or a loss; at once if there is none."""
        if self._transport is not None:
            await asyncio.shield(self._ended)

    def _flush(self) -> None:
        if self._transport is None or self._lost is not None or self._is_paused:
            return
        packed = b"".join(self._unsent)
        self._unsent.clear()
        self._unsent_bytes = 0
        if packed:
            self._transport.write(packed)

    def _check_oldest(self) -> None:
        """One timer per connection: deadlines are in sending order, so the oldest tells."""
        self._timer = None
        if not self._pending:
            return
        deadline = self._pending[0][0]
        now = self._loop.time()
        if now >= deadline + GRACE_S:
            self._lose("Redis did not answer in time")
        elif now >= deadline:
            self._timer = self._loop.call_later(GRACE_S, self._check_oldest)
        else:
            self._timer = self._loop.call_at(deadline, self._check_oldest)

    def _lose(self, reason: str) -> None:
        if self._lost is not None:
            return
        self._lost = reason
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._unsent.clear()
        while self._pending:
            _, reply = self._pending.popleft()
            if not reply.done():
                reply.set_exception(GateUnavailable(reason))
        if self._on_lost is not None:
            self._on_lost(reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the socket is open."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """asyncio: hand each complete reply to the command it belongs to."""
        try:
            self._reader.feed(data)
            while (value := self._reader.gets()) is not _NOT_YET:
                _, reply = self._pending.popleft()
                if not reply.done():  # done: the caller was cancelled and waits no more
                    reply.set_result(value)
        except (hiredis.ProtocolError, IndexError):
            # a reply nobody asked for is as bad as one that makes no sense: order is lost
            self._lose("Redis sent something that is not RESP")

    def pause_writing(self) -> None:
        """asyncio: the socket is full; keep what follows, up to UNSENT_BYTES_MAX."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """asyncio: the socket takes bytes again."""
        self._is_paused = False
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection ended, whoever ended it, and its socket is closed."""
        if not self._ended.done():
            self._ended.set_result(None)
        self._lose("the connection to Redis was lost")
