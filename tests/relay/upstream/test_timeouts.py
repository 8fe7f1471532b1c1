"""Every wait ends."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import ConnectTimeout, FirstByteTimeout, ReadTimeout
from relay.proxy.upstream.port import Origin, Timeouts
from tests.patience import promised
from tests.relay.upstream.scripted_server import FAST, NO_HEADERS, Peer, ok, scripted

SHORT_S = 0.05


@pytest.fixture
def unanswering() -> Iterator[Origin]:
    """A listener whose queue is full: the kernel drops further connection requests."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield Origin("http", "127.0.0.1", listener.getsockname()[1], "")


async def elapsed_s(client: HttpClient, origin: Origin, timeouts: Timeouts) -> float:
    """How long the request took to fail with whatever the caller expects."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        response = await client.request(origin, b"GET", "/", NO_HEADERS, b"", timeouts)
        while await response.chunk():
            pass
    finally:
        took_s = loop.time() - started
        assert took_s >= SHORT_S - 0.01
        assert took_s < promised(2.0)
    return took_s


async def test_connecting(client: HttpClient, unanswering: Origin) -> None:
    with pytest.raises(ConnectTimeout):
        await elapsed_s(client, unanswering, replace(FAST, connect_s=SHORT_S))


async def test_the_first_byte(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.closed_by_client()

    async with scripted(script) as server:
        with pytest.raises(FirstByteTimeout):
            await elapsed_s(client, server.origin, replace(FAST, first_byte_s=SHORT_S))


async def test_a_head_that_only_drips_does_not_buy_time(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\n")
        while True:
            await peer.send(b"X-Drip: drop\r\n")
            await asyncio.sleep(SHORT_S / 10)

    async with scripted(script) as server:
        with pytest.raises(FirstByteTimeout):
            await elapsed_s(client, server.origin, replace(FAST, first_byte_s=SHORT_S))


async def test_the_body(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        await peer.closed_by_client()

    async with scripted(script) as server:
        with pytest.raises(ReadTimeout):
            await elapsed_s(client, server.origin, replace(FAST, between_bytes_s=SHORT_S))


async def test_only_body_bytes_count_as_progress(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1;")
        while True:
            await peer.send(b"x")
            await asyncio.sleep(SHORT_S / 10)

    async with scripted(script) as server:
        with pytest.raises(ReadTimeout):
            await elapsed_s(client, server.origin, replace(FAST, between_bytes_s=SHORT_S))


async def test_a_body_that_keeps_coming_may_take_longer_than_the_time_out(
    client: HttpClient,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(25):
            await asyncio.sleep(SHORT_S / 5)
            await peer.send(b"1\r\na\r\n")
        await peer.send(b"0\r\n\r\n")

    async with scripted(script) as server:
        timeouts = replace(FAST, between_bytes_s=4 * SHORT_S)
        assert await elapsed_s(client, server.origin, timeouts) > 4 * SHORT_S


async def test_a_reader_that_takes_its_time_is_no_time_out(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        await asyncio.sleep(3 * SHORT_S)
        await peer.send(b"half")

    timeouts = replace(FAST, between_bytes_s=SHORT_S)
    async with scripted(script) as server:
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", timeouts)
        assert await response.chunk() == b"half"
        await asyncio.sleep(4 * SHORT_S)
        assert await response.chunk() == b"half"
        assert await response.chunk() == b""


async def test_a_connection_that_was_idle_gets_its_full_time_again(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(ok())
        await peer.request()
        await asyncio.sleep(2 * SHORT_S)
        await peer.send(ok(b"late"))

    async with scripted(script) as server:
        short = replace(FAST, first_byte_s=SHORT_S)
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", short)
        assert await response.read(10) == b"ok"
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        assert await response.read(10) == b"late"
        assert server.connections == 1


async def test_a_shorter_time_out_overtakes_a_longer_one(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(ok())
        await peer.closed_by_client()

    async with scripted(script) as server:
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", Timeouts())
        assert await response.read(10) == b"ok"
        with pytest.raises(FirstByteTimeout):
            await elapsed_s(client, server.origin, replace(FAST, first_byte_s=SHORT_S))
        assert server.connections == 1
