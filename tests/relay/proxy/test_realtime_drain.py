"""A server that stops lets sessions go on for its drain time, then closes them with 1012."""

import asyncio
from contextlib import AsyncExitStack, suppress

from websockets.exceptions import ConnectionClosedError

from relay.proxy.types import Ending
from tests.relay.proxy.fakes import House
from tests.relay.proxy.realtime_house import door, talk

DRAINING = {"ws": "config.sockets:DrainingSocket", "timeout_graceful_shutdown": 1}


async def test_a_session_goes_on_until_the_drain_time_is_over(relay: House) -> None:
    server = AsyncExitStack()
    port = await server.enter_async_context(door(relay, **DRAINING))
    async with talk(port) as client:
        await client.say("[[demo:tokens=2000 pace=10]]")
        await client.send("response.create", response={"output_modalities": ["text"]})
        await client.until("response.output_text.delta")
        began = asyncio.get_running_loop().time()
        stopping = asyncio.ensure_future(server.aclose())
        with suppress(ConnectionClosedError):
            async with asyncio.timeout(30):
                async for _ in client.connection:
                    pass  # words go on meanwhile
        assert asyncio.get_running_loop().time() - began >= 0.9
        assert client.connection.close_code == 1012
        await stopping
    assert relay.gate.open_count == 0
    end = relay.gate.ended[0]
    assert end.ending is Ending.CUT
    assert end.usage is not None
    assert end.usage.output_tokens > 20


async def test_a_session_that_ends_in_time_is_not_cut(relay: House) -> None:
    server = AsyncExitStack()
    port = await server.enter_async_context(door(relay, **DRAINING))
    async with talk(port) as client:
        await client.event()
        stopping = asyncio.ensure_future(server.aclose())
        events = await client.ask("[[demo:tokens=5]]")
        assert events[-1]["type"] == "response.done"
    await stopping
    assert [end.ending for end in relay.gate.ended] == [Ending.COMPLETED] * 2
