"""Connections per Origin are bounded, and a place is never lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import (
    ConnectFailed,
    FirstByteTimeout,
    PoolTimeout,
    ResponseClosed,
    UpstreamError,
)
from relay.proxy.upstream.pool import PoolLimits
from relay.proxy.upstream.port import Timeouts
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

IMPATIENT = replace(FAST, pool_wait_s=0.05)


@pytest.fixture
async def narrow() -> AsyncIterator[HttpClient]:
    """A client with two connections and two places to wait."""
    client = HttpClient(
        allowed_networks=[ip_network("127.0.0.0/8")],
        limits=PoolLimits(connections_max=2, waiters_max=2),
    )
    yield client
    await client.aclose()


async def ask(client: HttpClient, server: ScriptedServer, timeouts: Timeouts = FAST) -> bytes:
    response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", timeouts)
    return await body_of(response)


async def silent(peer: Peer) -> None:
    await peer.closed_by_client()


async def answer_forever(peer: Peer) -> None:
    while True:
        await peer.answer(ok())


async def test_requests_beyond_the_limit_wait_for_a_connection(narrow: HttpClient) -> None:
    async with scripted(answer_forever) as server:
        results = await asyncio.gather(*(ask(narrow, server) for _ in range(4)))
        assert results == [b"ok"] * 4
        assert server.connections == 2


async def test_waiting_ends_in_a_pool_timeout(narrow: HttpClient) -> None:
    async with scripted(silent) as server:
        busy = [asyncio.ensure_future(ask(narrow, server)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(PoolTimeout):
            await ask(narrow, server, IMPATIENT)
        for task in busy:
            task.cancel()


async def test_too_many_do_not_even_wait(narrow: HttpClient) -> None:
    async with scripted(silent) as server:
        tasks = [asyncio.ensure_future(ask(narrow, server)) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(PoolTimeout, match="too many"):
            await ask(narrow, server)
        for task in tasks:
            task.cancel()


async def test_places_come_back_after_every_kind_of_end(narrow: HttpClient) -> None:
    silence = replace(FAST, first_byte_s=0.02)

    async def script(peer: Peer) -> None:
        if peer.number > 12:
            await answer_forever(peer)
        match peer.number % 3:
            case 0:
                await peer.answer(b"nonsense\r\n\r\n")
            case 1:
                peer.reset()
            case _:
                await peer.closed_by_client()

    async with scripted(script) as server:
        for _ in range(12):
            with pytest.raises(UpstreamError):
                await ask(narrow, server, silence)
        assert await asyncio.gather(*(ask(narrow, server) for _ in range(4))) == [b"ok"] * 4


async def test_a_failed_connect_gives_its_place_back(narrow: HttpClient) -> None:
    async with scripted(silent) as server:
        pass
    for _ in range(5):
        with pytest.raises(ConnectFailed):
            await ask(narrow, server, IMPATIENT)


async def test_a_cancelled_waiter_loses_no_place(narrow: HttpClient) -> None:
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await go.wait()
        await peer.send(ok())
        await answer_forever(peer)

    async with scripted(script) as server:
        busy = [asyncio.ensure_future(ask(narrow, server)) for _ in range(2)]
        waiting = [asyncio.ensure_future(ask(narrow, server)) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        go.set()
        assert await asyncio.gather(*busy, waiting[1]) == [b"ok"] * 3
        assert await asyncio.gather(*(ask(narrow, server) for _ in range(4))) == [b"ok"] * 4
        assert server.connections == 2


async def test_a_waiter_cancelled_while_it_is_served_passes_the_place_on(
    narrow: HttpClient,
) -> None:
    async with scripted(answer_forever) as server:
        for delay in range(30):
            tasks = [asyncio.ensure_future(ask(narrow, server)) for _ in range(4)]
            for _ in range(delay):
                await asyncio.sleep(0)
            tasks[2].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert await asyncio.gather(*(ask(narrow, server) for _ in range(4))) == [b"ok"] * 4


async def test_a_resend_at_the_limit_makes_room_for_its_fresh_connection(
    narrow: HttpClient,
) -> None:
    both_open = asyncio.Barrier(2)

    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number <= 2:
            await both_open.wait()
        await peer.send(ok(b"%d" % peer.number))
        await peer.request()  # and hang up

    async with scripted(script) as server:
        await asyncio.gather(ask(narrow, server), ask(narrow, server))
        assert await ask(narrow, server) == b"3"


async def test_closing_the_client_ends_what_is_under_way() -> None:
    client = HttpClient(
        allowed_networks=[ip_network("127.0.0.0/8")], limits=PoolLimits(connections_max=1)
    )
    async with scripted(silent) as server:
        tasks = [asyncio.ensure_future(ask(client, server)) for _ in range(2)]
        await until(lambda: server.connections == 1)
        await client.aclose()
        await client.aclose()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(result, ResponseClosed)
        with pytest.raises(RuntimeError, match="closed"):
            await ask(client, server)


async def test_time_outs_do_not_leak_places(narrow: HttpClient) -> None:
    async with scripted(silent) as server:
        for _ in range(6):
            with pytest.raises(FirstByteTimeout):
                await ask(narrow, server, replace(IMPATIENT, first_byte_s=0.01))
