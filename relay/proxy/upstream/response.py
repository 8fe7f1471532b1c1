"""The reader's side of one exchange: waits for what the connection receives and hands it on.
Never touches a connection that has gone on to another exchange."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from relay.proxy.upstream.errors import (
    BodyTooLarge,
    FirstByteTimeout,
    ReadTimeout,
    ResponseClosed,
    UpstreamError,
)
from relay.proxy.upstream.response_parser import Incoming

if TYPE_CHECKING:
    from relay.proxy.upstream.connection import Connection


class Response:
    """Implements `port.UpstreamResponse`."""

    __slots__ = (
        "_between_bytes_s",
        "_connection",
        "_error",
        "_loop",
        "_waiter",
        "incoming",
        "reused",
    )

    def __init__(
        self,
        connection: "Connection",
        incoming: Incoming,
        loop: asyncio.AbstractEventLoop,
        between_bytes_s: float,
        *,
        reused: bool,
    ) -> None:
        self.incoming = incoming
        self.reused = reused
        self._connection: Connection | None = connection
        self._loop = loop
        self._between_bytes_s = between_bytes_s
        self._error: UpstreamError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def status(self) -> int:
        return self.incoming.status

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        return self.incoming.headers

    def header(self, name: bytes) -> bytes | None:
        """The first value of the header with this lower-case name."""
        return self.incoming.header(name)

    @property
    def is_unanswered_reuse(self) -> bool:
        """Whether a kept-alive connection ended without a byte of an answer.

        Then the Upstream most likely closed it while idle and never saw the request.
        """
        incoming = self.incoming
        return self.reused and not incoming.has_head and incoming.received_bytes == 0

    async def wait_for_head(self, first_byte_s: float) -> None:
        """Return when the final head is in; UpstreamError (and closed) if none comes in time."""
        incoming = self.incoming
        deadline = self._loop.time() + first_byte_s
        while not incoming.has_head:
            if self._error is not None:
                raise self._error
            await self._wait(deadline)

    async def chunk(self) -> bytes:
        """See `port.UpstreamResponse.chunk`."""
        incoming = self.incoming
        if not incoming.pieces and not incoming.ended:
            deadline = self._loop.time() + self._between_bytes_s
            while not incoming.pieces and not incoming.ended and self._error is None:
                await self._wait(deadline)
        if not incoming.pieces and self._error is not None:
            raise self._error
        taken = incoming.take()
        if self._connection is not None:
            self._connection.resume()
        return taken

    async def read(self, limit_bytes: int) -> bytes:
        """See `port.UpstreamResponse.read`."""
        pieces: list[bytes] = []
        held_bytes = 0
        while piece := await self.chunk():
            held_bytes += len(piece)
            if held_bytes > limit_bytes:
                self.close()
                raise BodyTooLarge(f"body of more than {limit_bytes} bytes")
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """See `port.UpstreamResponse.close`."""
        if self._connection is not None:
            self._connection.kill(ResponseClosed("closed by our side"))

    # Called by the connection.

    @property
    def is_waiting(self) -> bool:
        """Whether a task waits here: only then do time-outs count."""
        return self._waiter is not None and not self._waiter.done()

    def wake(self) -> None:
        """Let the waiting task look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def detach(self) -> None:
        """The message is complete: the connection is no longer this response's."""
        self._connection = None

    def fail(self, error: UpstreamError) -> None:
        """The exchange is over: `error` follows what has been received so far."""
        self._connection = None
        self._error = error
        self.wake()

    def time_out_error(self) -> UpstreamError:
        """What the wait that is under way fails with."""
        if self.incoming.has_head:
            return ReadTimeout(f"no body byte for {self._between_bytes_s:g} s")
        return FirstByteTimeout("no response head in time")

    async def _wait(self, deadline: float) -> None:
        connection = self._connection
        if connection is None:
            raise RuntimeError("waiting on an exchange that is over")
        if self._waiter is not None:
            raise RuntimeError("two tasks read one response")
        connection.watch(deadline)
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiter = None
