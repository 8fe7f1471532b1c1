"""A client that reads slowly, or not at all: the upstream is held back, memory stays bounded."""

import asyncio

from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.relay.proxy.fakes import PATIENCE_S, House, chat_body
from tests.relay.proxy.server import connected, post, served
from tests.relay.proxy.test_client_leaving import calls
from tests.relay.upstream.scripted_server import until

# Frames of about 200 bytes: 40 MB in all, far beyond what sockets hold.
BIG = "[[demo:tokens=200000]]"
HELD_BYTES_MAX = 16_000_000  # both loopback sockets at their largest, and our own buffers
POLL_S = 0.05
STILL_POLLS = 4  # so often the same figure: it moves no more


async def stopped_at(upstream: Running) -> int:
    """The bytes that the upstream got rid of, once it is held back."""
    figures = [-1] * STILL_POLLS
    async with asyncio.timeout(PATIENCE_S):
        while len(set(figures[-STILL_POLLS:])) > 1 or figures[-1] < 0:
            figures.append(sum(call["bytes_sent"] for call in await calls(upstream)))
            await asyncio.sleep(POLL_S)
    return figures[-1]


async def test_while_nobody_reads_the_upstream_waits(relay: House, one: Running) -> None:
    exchange = relay.chat(BIG, stream=True)
    await exchange.until_body(b'"content":"')
    exchange.taking.clear()
    assert await stopped_at(one) < HELD_BYTES_MAX
    assert relay.gate.open_count == 1  # and the Hold lives
    exchange.leave()
    await exchange.finish()
    assert relay.end.ending is Ending.CLIENT_LEFT


async def test_a_reader_that_stalls_behind_the_real_server_holds_the_upstream(
    relay: House, one: Running
) -> None:
    async with served(relay) as port:
        async with connected(port) as (reader, writer):
            writer.write(post(chat_body(BIG, stream=True)))
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            assert await stopped_at(one) < HELD_BYTES_MAX
        await until(lambda: relay.gate.open_count == 0)
    assert relay.end.ending is Ending.CLIENT_LEFT
    assert relay.end.usage is not None


async def test_a_slow_reader_gets_everything_in_the_end(relay: House, one: Running) -> None:
    exchange = relay.chat("[[demo:tokens=3000]]", stream=True)
    await exchange.until_body(b'"content":"')
    for _ in range(20):
        exchange.taking.clear()
        await asyncio.sleep(0)
        exchange.taking.set()
        await asyncio.sleep(0)
    await exchange.finish()
    (seen,) = one.calls()
    assert exchange.events()[-1] == b"[DONE]"
    assert relay.end.usage is not None
    assert relay.end.usage.output_tokens == seen["completion_tokens"] == 3_000
