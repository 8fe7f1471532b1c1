"""An upstream that does to the byte what a test tells it. No HTTP library on this side, so that
broken answers can be given too."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from relay.proxy.upstream.port import Origin, Timeouts, UpstreamResponse
from tests.patience import promised

# Far above what loopback takes: a test that waits this long has failed.
PATIENCE_S = 30.0

PATIENT_S = promised(2.0)
FAST = Timeouts(
    connect_s=PATIENT_S, first_byte_s=PATIENT_S, between_bytes_s=PATIENT_S, pool_wait_s=PATIENT_S
)
NO_HEADERS: tuple[tuple[bytes, bytes], ...] = ()


class Peer:
    """The server's end of one connection."""

    def __init__(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.number = number
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """The next request, head and body; raises IncompleteReadError at the end."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        _, _, rest = head.lower().partition(b"content-length:")
        length = int(rest.partition(b"\r\n")[0]) if rest else 0
        return head + await self._reader.readexactly(length)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def push(self, data: bytes) -> None:
        """Send before the loop takes another turn."""
        self._writer.write(data)

    async def answer(self, data: bytes) -> bytes:
        """Read a request, send `data`, return the request."""
        request = await self.request()
        await self.send(data)
        return request

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        self._writer.transport.abort()

    async def closed_by_client(self) -> None:
        """Return when the client has closed, however rudely."""
        with suppress(ConnectionError):
            while await self._reader.read(65536):
                pass


Script = Callable[[Peer], Awaitable[None]]


class ScriptedServer:
    """Runs the script once per connection, and keeps what went wrong in it for the test."""

    def __init__(self, script: Script) -> None:
        self.connections = 0
        self.origin = Origin("http", "127.0.0.1", 0, "")
        self._script = script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # A client that goes away in the middle ends the script; that is what tests are about.
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._script(Peer(self.connections, reader, writer))
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def scripted(
    script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[ScriptedServer]:
    """A server on a free port of loopback for the length of the block."""
    server = ScriptedServer(script)
    tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks[asyncio.ensure_future(server.serve(reader, writer))] = writer

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server.origin = Origin("https" if tls else "http", host, port, "")
    try:
        yield server
    finally:
        listener.close()
        for task, writer in tasks.items():
            # What is unsent would hold up `wait_closed`. CPython 3.11.2 raises when TLS has ended.
            with suppress(AttributeError):
                writer.transport.abort()
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


async def body_of(response: UpstreamResponse) -> bytes:
    """All chunks, read as the relay reads them."""
    pieces = []
    while piece := await response.chunk():
        pieces.append(piece)
    return b"".join(pieces)


async def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  sockets of the other side set no Event of ours
            await asyncio.sleep(0.001)


def ok(body: bytes = b"ok", *extra: bytes) -> bytes:
    """A plain 200 with a Content-Length."""
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *extra]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
