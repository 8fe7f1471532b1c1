"""When the task goes, the upstream sees the connection close within a second."""

import asyncio

import pytest

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import ResponseClosed
from tests.patience import promised
from tests.relay.upstream.scripted_server import FAST, NO_HEADERS, Peer, scripted

CLOSE_SEEN_S = promised(1.0)

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"


class Watched:
    """A script that sends a start and then only listens for the client's close."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self.started = asyncio.Event()
        self.closed = asyncio.Event()

    async def __call__(self, peer: Peer) -> None:
        await peer.answer(self._start)
        self.started.set()
        await peer.closed_by_client()
        self.closed.set()


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", HALF])
async def test_cancelling_the_task_closes_the_connection(client: HttpClient, start: bytes) -> None:
    watched = Watched(start)

    async def read_all() -> None:
        response = await client.request(server.origin, b"POST", "/", NO_HEADERS, b"{}", FAST)
        while await response.chunk():
            pass

    async with scripted(watched) as server:
        task = asyncio.ensure_future(read_all())
        await watched.started.wait()
        task.cancel()
        async with asyncio.timeout(CLOSE_SEEN_S):
            await watched.closed.wait()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_closing_the_response_closes_the_connection(client: HttpClient) -> None:
    watched = Watched(HALF)
    async with scripted(watched) as server:
        response = await client.request(server.origin, b"POST", "/", NO_HEADERS, b"{}", FAST)
        response.close()
        async with asyncio.timeout(CLOSE_SEEN_S):
            await watched.closed.wait()


async def test_closing_wakes_a_task_that_reads(client: HttpClient) -> None:
    watched = Watched(HALF)
    async with scripted(watched) as server:
        response = await client.request(server.origin, b"POST", "/", NO_HEADERS, b"{}", FAST)
        assert await response.chunk() == b"half"
        reader = asyncio.ensure_future(response.chunk())
        await asyncio.sleep(0)
        response.close()
        with pytest.raises(ResponseClosed):
            await reader


async def test_cancelling_at_any_moment_leaves_the_client_usable(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.answer(HALF + b" full")

    async def read_all() -> bytes:
        response = await client.request(server.origin, b"POST", "/", NO_HEADERS, b"{}", FAST)
        return await response.read(100)

    async with scripted(script) as server:
        for turns in range(40):
            task = asyncio.ensure_future(read_all())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert await read_all() == b"half full"
