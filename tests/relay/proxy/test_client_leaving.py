"""A client that leaves: its upstream hears of it at once, and what was delivered is settled."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.patience import promised
from tests.relay.proxy.fakes import PATIENCE_S, House, chat_body, house, route
from tests.relay.proxy.server import connected, post, served
from tests.relay.upstream.scripted_server import Peer, scripted
from tests.relay.upstream.scripted_server import until as until_true

CLOSE_S_MAX = promised(1.0)  # acceptance 15
POLL_S = 0.01


async def until(condition: Callable[[], Awaitable[bool]]) -> float:
    """Seconds until the condition holds; TimeoutError when it never does."""
    started = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110  the other side sets no Event of ours
            await asyncio.sleep(POLL_S)
    return time.monotonic() - started


async def calls(upstream: Running) -> list[dict[str, Any]]:
    return await asyncio.to_thread(upstream.calls)


async def asked(upstream: Running, count: int = 1) -> None:
    """Until the upstream has read so many requests."""

    async def is_asked() -> bool:
        return [call["model"] for call in await calls(upstream)].count("demo-model") >= count

    await until(is_asked)


async def closed(upstream: Running) -> float:
    """Seconds until the upstream saw that nobody listens any more, on every call."""

    async def is_closed() -> bool:
        return {call["ending"] for call in await calls(upstream)} == {"client_closed"}

    return await until(is_closed)


WAITING = [("[[demo:wait=60000]]", True), ("[[demo:wait=60000]]", False)]


@pytest.mark.parametrize(("prompt", "stream"), WAITING)
async def test_before_the_first_byte_nothing_is_charged(
    one: Running, prompt: str, stream: bool
) -> None:
    async with house(route(one.base_url), deadline_s=60) as made:
        made.opener.timeouts = type(made.opener.timeouts)()  # as long as in production
        exchange = made.chat(prompt, stream=stream)
        await asked(one)
        exchange.leave()
        await exchange.finish()
        assert await closed(one) < CLOSE_S_MAX
        assert (made.end.ending, made.end.usage) == (Ending.CLIENT_LEFT, None)
        assert exchange.messages == []


async def test_in_mid_stream_what_was_delivered_is_charged(relay: House, one: Running) -> None:
    exchange = relay.chat("[[demo:tokens=500 pace=20]]", stream=True)
    await exchange.until_body(b"three")
    exchange.leave()
    await exchange.finish()
    assert await closed(one) < CLOSE_S_MAX
    usage = relay.end.usage
    assert relay.end.ending is Ending.CLIENT_LEFT
    assert usage is not None
    seen = sum(b'"content":"' in each and b'"content":""' not in each for each in exchange.events())
    assert seen <= usage.output_tokens <= seen + 1
    assert usage.is_estimated


async def test_while_the_upstream_is_silent_the_leaving_is_seen_too() -> None:
    hung_up = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked"
        frame = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
        await peer.send(head + b"\r\n\r\n%x\r\n%b\r\n" % (len(frame), frame))
        await peer.closed_by_client()
        hung_up.set()

    async with scripted(script) as server:
        first = route(f"http://127.0.0.1:{server.origin.port}")
        async with house(first) as made:
            made.opener.timeouts = type(made.opener.timeouts)()
            exchange = made.chat(stream=True)
            await exchange.until_body(b"choices")
            exchange.leave()
            async with asyncio.timeout(CLOSE_S_MAX):
                await exchange.finish()
                await hung_up.wait()
            assert (made.end.ending, made.end.usage and made.end.usage.output_tokens) == (
                Ending.CLIENT_LEFT,
                1,
            )


async def test_a_client_that_leaves_does_not_disturb_the_others(relay: House) -> None:
    exchanges = [relay.chat("[[demo:tokens=30 pace=10]]", stream=True) for _ in range(10)]
    await asyncio.gather(*[each.until_body(b'"content":"') for each in exchanges])
    for each in exchanges[::2]:
        each.leave()
    await asyncio.gather(*[each.finish() for each in exchanges])
    assert [each.events()[-1] for each in exchanges[1::2]] == [b"[DONE]"] * 5
    endings = [end.ending for end in relay.gate.ended]
    assert (endings.count(Ending.CLIENT_LEFT), endings.count(Ending.COMPLETED)) == (5, 5)


async def test_leaving_during_the_settle_does_not_undo_it(relay: House) -> None:
    relay.gate.may_settle.clear()
    exchange = relay.chat("[[demo:tokens=3]]", stream=True)
    await until_true(lambda: bool(relay.gate.admitted) and relay.gate.open_count == 0)
    exchange.leave()
    relay.gate.may_settle.set()
    await exchange.finish()
    assert relay.end.ending is Ending.COMPLETED
    assert relay.journal.count("settled") == 1


async def test_leaving_while_the_gate_is_asked_releases_the_hold(relay: House) -> None:
    exchange = relay.chat("[[demo:wait=60000]]")
    exchange.leave()
    await exchange.finish()
    assert (relay.end.ending, relay.end.usage) == (Ending.CLIENT_LEFT, None)


async def test_a_forced_shutdown_settles_and_stays_a_cancellation(
    relay: House, one: Running
) -> None:
    exchange = relay.chat("[[demo:tokens=500 pace=20]]", stream=True)
    await exchange.until_body(b"three")
    assert exchange.task is not None
    exchange.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await exchange.finish()
    assert await closed(one) < CLOSE_S_MAX
    assert relay.end.ending is Ending.CUT
    assert relay.end.usage is not None


@pytest.mark.parametrize("stream", [True, False])
async def test_a_closed_socket_is_noticed_through_the_real_server(
    one: Running, stream: bool
) -> None:
    async with house(route(one.base_url), deadline_s=60) as made, served(made) as port:
        made.opener.timeouts = type(made.opener.timeouts)()
        async with connected(port) as (_, writer):
            writer.write(post(chat_body("[[demo:wait=60000]]" + "x" * 200_000, stream=stream)))
            await asked(one)
        assert await closed(one) < CLOSE_S_MAX
        assert made.end.ending is Ending.CLIENT_LEFT


async def test_two_clients_that_leave_at_once_in_mid_stream_are_both_settled(
    relay: House, one: Running
) -> None:
    async with served(relay) as port:
        async with connected(port) as (first, writer), connected(port) as (second, other):
            writer.write(post(chat_body("[[demo:tokens=500 pace=20]]", stream=True)))
            other.write(post(chat_body("[[demo:tokens=500 pace=20]]", stream=True)))
            await first.readuntil(b"three")
            await second.readuntil(b"three")
        assert await closed(one) < CLOSE_S_MAX
        assert [end.ending for end in relay.gate.ended] == [Ending.CLIENT_LEFT] * 2
        assert all(end.usage and end.usage.output_tokens >= 3 for end in relay.gate.ended)
