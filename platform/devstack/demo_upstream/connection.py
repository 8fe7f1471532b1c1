"""uvicorn's HTTP connection, with what ASGI cannot say: a reset, raw bytes, the moment of leaving.

It owns the transport's end and never looks at requests or answers.
"""

import asyncio
import socket
import struct
from time import monotonic
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SCOPE_STATE_KEY = "connection"  # scope["state"][...] is where the application finds its connection

# SO_LINGER on with no time: closing sends RST, the way a crashed server looks from outside.
_LINGER_NONE = struct.pack("ii", 1, 0)


class DemoConnection(HttpToolsProtocol):
    """One client connection; its requests come one after the other."""

    lost_at_s: float | None = None
    _waiter: asyncio.Future[None] | None = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][SCOPE_STATE_KEY] = self

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost_at_s = monotonic()
        super().connection_lost(exc)
        if self._waiter is not None:
            _wake(self._waiter)

    @property
    def is_gone(self) -> bool:
        """Whether the client has left, or we have hung up."""
        return self.transport.is_closing()

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than the client stays."""
        if self.is_gone:
            return
        # uvicorn stops reading under a large body and resumes in receive(), which is not called
        # again once the body is in: without this the client's leaving would go unseen.
        self.flow.resume_reading()
        waiter = self._waiter = self.loop.create_future()
        handle = self.loop.call_later(seconds, _wake, waiter)
        try:
            await waiter
        finally:
            handle.cancel()
            self._waiter = None

    def write_raw(self, data: bytes) -> None:
        """Send bytes past uvicorn; the caller ends with `hang_up` or `reset`."""
        self._leave_asgi()
        self.transport.write(data)

    def hang_up(self) -> None:
        """Close after what has been written, whatever the response still owes."""
        self._leave_asgi()
        self.transport.close()

    def reset(self) -> None:
        """Send a TCP reset; bytes not yet on the wire are lost."""
        self._leave_asgi()
        abort(self.transport)

    def _leave_asgi(self) -> None:
        # uvicorn then neither completes the response nor complains that it is incomplete.
        self.cycle.disconnected = True


def abort(transport: asyncio.Transport) -> None:
    """Close a connection with a TCP reset."""
    sock: Any = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    transport.abort()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
