"""A slow reader slows the upstream down; memory does not grow."""

import asyncio

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.connection import BUFFERED_BYTES_MAX
from tests.relay.upstream.scripted_server import FAST, NO_HEADERS, Peer, ok, scripted

PIECE = b"a" * 65536
PIECES = 512
# asyncio reads up to 256 KB at once, which may arrive on top of a buffer just below its limit.
ONE_READ_BYTES = 256 * 1024


async def test_a_reader_that_stalls_stops_the_upstream(client: HttpClient) -> None:
    sent_bytes = 0

    async def script(peer: Peer) -> None:
        nonlocal sent_bytes
        length = len(PIECE) * PIECES
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
        for _ in range(PIECES):
            await peer.send(PIECE)
            sent_bytes += len(PIECE)
        await answer_forever(peer)

    async with scripted(script) as server:
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        before = -1
        while sent_bytes != before:  # until the upstream is stuck
            before = sent_bytes
            await asyncio.sleep(0.05)
        assert sent_bytes < len(PIECE) * PIECES
        received_bytes = 0
        while piece := await response.chunk():
            assert len(piece) <= BUFFERED_BYTES_MAX + ONE_READ_BYTES
            received_bytes += len(piece)
        assert received_bytes == len(PIECE) * PIECES

        # The connection reads again, so it is fit for the next exchange.
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        assert await response.read(10) == b"ok"
        assert server.connections == 1


async def answer_forever(peer: Peer) -> None:
    while True:
        await peer.answer(ok())
