"""The relay under the server of production, in the test's own event loop, and raw connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn

from devstack.demo_upstream.server import listen
from tests.relay.proxy.fakes import HOST, PATH, SECRET, House

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def served(house: House) -> AsyncIterator[int]:
    """uvicorn with the house's relay on a free port, which it gives."""
    sock = listen(LOOPBACK, 0)
    config = uvicorn.Config(
        house.relay,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    running = asyncio.ensure_future(server.serve(sockets=[sock]))
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        sock.close()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, closed rudely after the block."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


def post(body: bytes, *headers: str) -> bytes:
    """A chat completion's request on the wire."""
    lines = [
        f"POST {PATH} HTTP/1.1",
        f"Host: {HOST}",
        f"Authorization: Bearer {SECRET}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
