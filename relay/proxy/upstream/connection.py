"""One connection to an Origin: carries one exchange at a time between the socket and a Response.
Knows neither names nor pools; two callbacks tell its owner when it is free and when it is gone."""

import asyncio
import select
from collections.abc import Callable
from typing import cast

from relay.proxy.upstream.errors import ConnectionReset, ProtocolError, UpstreamError
from relay.proxy.upstream.port import Timeouts, Upload
from relay.proxy.upstream.response import Response
from relay.proxy.upstream.response_parser import ResponseParser
from relay.proxy.upstream.sending import Sending

# Body bytes held for a slow reader before the socket is left unread. One read can add asyncio's
# 256 KB on top; the kernel's buffers then fill and TCP holds the Upstream back.
BUFFERED_BYTES_MAX = 64 * 1024

# Up to here head and body leave in one write, hence mostly one packet; above, copying costs more
# than the second write.
JOINED_BODY_BYTES_MAX = 32 * 1024


def _ignore(_connection: "Connection") -> None:
    """Stands in for the owner until the connection has one."""


def _nothing_to_read(_timeout_ms: int) -> list[tuple[int, int]]:
    """Stands in for the socket's poll until there is a socket."""
    return []


class Connection(asyncio.Protocol):
    """States: free (no response) → busy (`send`) → free again, or gone for good."""

    __slots__ = (
        "_deadline",
        "_gone",
        "_loop",
        "_parser",
        "_paused",
        "_poll",
        "_response",
        "_sending",
        "_timer",
        "_timer_at",
        "_transport",
        "exchanges",
        "idle_since",
        "on_free",
        "on_gone",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser = ResponseParser()
        self._transport: asyncio.Transport | None = None
        self._response: Response | None = None
        self._sending: Sending | None = None
        self._poll: Callable[[int], list[tuple[int, int]]] = _nothing_to_read
        self._paused = False
        self._gone = False
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self.exchanges = 0
        self.idle_since = 0.0  # loop time; the pool's
        self.on_free: Callable[[Connection], None] = _ignore
        self.on_gone: Callable[[Connection], None] = _ignore

    @property
    def is_open(self) -> bool:
        """Whether it is free and, as far as the loop has told us, open."""
        transport = self._transport
        return (
            transport is not None
            and not self._gone
            and self._response is None
            and not transport.is_closing()
        )

    @property
    def is_usable(self) -> bool:
        """Whether a request may be sent now: open, free, and nothing waits to be read.

        Asks the kernel (one system call), because the loop only tells of what came before its
        present turn: a stray answer read after our request would pass for the answer to it, and
        a close seen now spares a second sending.
        """
        return self.is_open and not self._poll(0)

    def send(
        self, head: bytes, body: bytes, *, head_only: bool, between_bytes_s: float
    ) -> Response:
        """Write one request; the Response fills as bytes arrive. Only while `is_usable`."""
        transport = self._transport
        if transport is None or self._response is not None:
            raise RuntimeError("send on a connection that is not free")
        incoming = self._parser.expect(head_only=head_only)
        response = Response(self, incoming, self._loop, between_bytes_s, reused=self.exchanges > 0)
        self._response = response
        self.exchanges += 1
        if len(body) <= JOINED_BODY_BYTES_MAX:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        return response

    def send_upload(self, head: bytes, body: Upload, timeouts: Timeouts) -> Response:
        """As `send`, for a body that is read while it goes out.

        The time to answer counts from the last piece that the socket took.
        """
        response = self.send(head, b"", head_only=False, between_bytes_s=timeouts.between_bytes_s)
        transport = cast(asyncio.Transport, self._transport)

        def sent_more() -> None:
            if response.is_waiting and not response.incoming.has_head:
                self.watch(self._loop.time() + timeouts.first_byte_s)

        self._sending = Sending(transport, body, on_progress=sent_more, on_failure=self.kill)
        return response

    def abort(self) -> None:
        """Close the socket now, dropping unsent bytes. Idempotent; `on_gone` follows."""
        self._gone = True
        self._stop_sending()
        if self._transport is not None:
            self._transport.abort()

    def kill(self, error: UpstreamError) -> None:
        """Abort, and let the reader of the exchange under way see `error`."""
        response, self._response = self._response, None
        self.abort()
        if response is not None:
            response.fail(error)

    def resume(self) -> None:
        """Read from the socket again, once the reader took what was buffered."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def watch(self, deadline: float) -> None:
        """Call the response's `time_out` at this loop time if it is still waiting then.

        The timer outlives the wait and is pushed back when it fires: a thousand short exchanges
        within one long time-out cost one timer, not a thousand.
        """
        self._deadline = deadline
        if self._timer is not None:
            if self._timer_at <= deadline:
                return
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        response = self._response
        if response is None or not response.is_waiting:
            return
        if self._loop.time() < self._deadline:
            self.watch(self._deadline)
        else:
            self.kill(response.time_out_error())

    def _stop_sending(self) -> bool:
        """Whether the request had been written in full; what was not is no longer."""
        sending, self._sending = self._sending, None
        return sending is None or sending.stop()

    def _finish(self, response: Response) -> None:
        """The message is complete: part from the response, then go free or go away."""
        self._response = None
        response.detach()
        transport = cast(asyncio.Transport, self._transport)
        # An answer before the request was sent in full leaves the rest of it unsent, or in our
        # buffer.
        is_sent = self._stop_sending() and transport.get_write_buffer_size() == 0
        is_reusable = response.incoming.reusable and is_sent
        if is_reusable and not transport.is_closing():
            self.resume()
            self.on_free(self)
        else:
            self.abort()

    # Called by the loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        poller = select.poll()
        poller.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._poll = poller.poll

    def data_received(self, data: bytes) -> None:
        response = self._response
        if response is None:
            # An answer to nothing: taking it for the next request's would hand one customer's
            # text to another.
            self.abort()
            return
        try:
            self._parser.feed(data)
        except ProtocolError as error:
            self.kill(error)
            return
        incoming = response.incoming
        if incoming.ended:
            self._finish(response)
        elif incoming.buffered_bytes > BUFFERED_BYTES_MAX and not self._paused:
            self._paused = True
            cast(asyncio.Transport, self._transport).pause_reading()
        if incoming.has_head:
            response.wake()

    def pause_writing(self) -> None:
        if self._sending is not None:
            self._sending.pause()

    def resume_writing(self) -> None:
        if self._sending is not None:
            self._sending.resume()

    def eof_received(self) -> None:
        self._end_of_stream()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True
        self._stop_sending()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        response = self._response
        if response is not None and exc is not None:
            after_head = response.incoming.has_head
            self.kill(ConnectionReset("connection lost", after_head=after_head))
        else:
            self._end_of_stream()
        self.on_gone(self)

    def _end_of_stream(self) -> None:
        response = self._response
        if response is None:
            self.abort()
            return
        try:
            self._parser.feed_eof()
        except UpstreamError as error:
            self.kill(error)
            return
        self._finish(response)
        response.wake()
