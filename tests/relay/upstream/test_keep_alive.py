"""Connections are used again only when nothing can be mistaken."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import ConnectionReset
from relay.proxy.upstream.pool import PoolLimits
from tests.relay.upstream.scripted_server import (
    FAST,
    NO_HEADERS,
    Peer,
    ScriptedServer,
    body_of,
    ok,
    scripted,
    until,
)

LOOPBACK = [ip_network("127.0.0.0/8")]


async def ask(client: HttpClient, server: ScriptedServer, method: bytes = b"POST") -> bytes:
    response = await client.request(server.origin, method, "/", NO_HEADERS, b"", FAST)
    try:
        return await body_of(response)
    finally:
        response.close()


@pytest.fixture
async def forgetful() -> AsyncIterator[HttpClient]:
    """A client that keeps one connection at most, and that for a tenth of a second."""
    client = HttpClient(allowed_networks=LOOPBACK, limits=PoolLimits(idle_max=1, idle_s=0.1))
    yield client
    await client.aclose()


async def answer_forever(peer: Peer) -> None:
    while True:
        await peer.answer(ok(b"%d" % peer.number))


async def test_one_connection_serves_requests_in_turn(client: HttpClient) -> None:
    async with scripted(answer_forever) as server:
        for _ in range(20):
            assert await ask(client, server) == b"1"
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"ok", b"Connection: close"),
        ok(b"ok").replace(b"HTTP/1.1", b"HTTP/1.0"),
        ok(b"ok") + b"stray",
    ],
)
async def test_a_spent_connection_is_not_used_again(client: HttpClient, answer: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(answer)
        await peer.closed_by_client()

    async with scripted(script) as server:
        assert await ask(client, server) == b"ok"
        assert await ask(client, server) == b"ok"
        assert server.connections == 2


async def test_a_response_left_early_takes_its_connection_along(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        await peer.closed_by_client()

    async with scripted(script) as server:
        for _ in range(2):
            response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
            response.close()
            response.close()
        assert server.connections == 2


async def test_bytes_on_an_idle_connection_are_never_an_answer(client: HttpClient) -> None:
    poison = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.answer(ok(b"%d" % peer.number))
        if peer.number == 1:
            await poison.wait()
            await peer.send(ok(b"poison"))
            await peer.closed_by_client()
            poison.clear()

    async with scripted(script) as server:
        assert await ask(client, server) == b"1"
        poison.set()
        await until(lambda: not poison.is_set())
        assert await ask(client, server) == b"2"


async def test_not_even_bytes_that_the_loop_has_not_read_yet(client: HttpClient) -> None:
    peers: list[Peer] = []

    async def script(peer: Peer) -> None:
        peers.append(peer)
        await peer.answer(ok(b"%d" % peer.number))
        await peer.closed_by_client()

    async with scripted(script) as server:
        assert await ask(client, server) == b"1"
        peers[0].push(ok(b"poison"))
        assert await ask(client, server) == b"2"


async def test_a_request_on_a_connection_just_closed_is_sent_again(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(ok(b"%d" % peer.number))
        if peer.number == 1:
            await peer.request()  # and hang up without a word

    async with scripted(script) as server:
        assert await ask(client, server) == b"1"
        assert await ask(client, server) == b"2"


async def test_it_is_sent_again_on_a_fresh_connection_not_on_an_idle_one(
    client: HttpClient,
) -> None:
    both_open = asyncio.Barrier(2)

    async def script(peer: Peer) -> None:
        request = await peer.request()
        if peer.number <= 2:
            await both_open.wait()
        await peer.send(ok(b"%d" % peer.number))
        if peer.number <= 2:
            request = await peer.request()
            assert request.startswith(b"POST")

    async with scripted(script) as server:
        await asyncio.gather(ask(client, server), ask(client, server))
        assert await ask(client, server) == b"3"
        assert server.connections == 3


async def test_a_fresh_connection_that_hangs_up_is_not_tried_again(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()

    async with scripted(script) as server:
        with pytest.raises(ConnectionReset) as reset:
            await ask(client, server)
        assert not reset.value.after_head
        assert server.connections == 1


async def test_the_second_sending_is_the_last(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        if peer.number == 1:
            await peer.answer(ok())
        await peer.request()

    async with scripted(script) as server:
        await ask(client, server)
        with pytest.raises(ConnectionReset):
            await ask(client, server)
        assert server.connections == 2


async def test_one_byte_of_an_answer_rules_out_a_second_sending(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(ok())
        await peer.answer(b"H")

    async with scripted(script) as server:
        await ask(client, server)
        with pytest.raises(ConnectionReset):
            await ask(client, server)
        assert server.connections == 1


async def test_an_idle_connection_is_closed_in_time(forgetful: HttpClient) -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.answer(ok())
        await peer.closed_by_client()
        closed.set()

    async with scripted(script) as server:
        await ask(forgetful, server)
        await until(closed.is_set)


async def test_no_more_connections_idle_than_allowed(forgetful: HttpClient) -> None:
    closed: list[int] = []
    all_here = asyncio.Barrier(3)

    async def script(peer: Peer) -> None:
        await peer.request()
        await all_here.wait()
        await peer.send(ok())
        await peer.closed_by_client()
        closed.append(peer.number)

    async with scripted(script) as server:
        await asyncio.gather(*(ask(forgetful, server) for _ in range(3)))
        await until(lambda: len(closed) == 2)
