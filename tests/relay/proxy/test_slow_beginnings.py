"""Answers whose beginning has nothing in it for a client of another dialect."""

import asyncio

from relay.proxy.types import Ending
from relay.proxy.wire import Kind, Quirks, wire
from tests.relay.proxy.fakes import MODEL, SECRET, house, route
from tests.relay.proxy.test_answers import CHUNKED, chunk
from tests.relay.upstream.scripted_server import Peer, scripted, until
from tests.scenarios.dialects import gemini
from tests.scenarios.dialects.ask import Ask

BEGINNING = (
    b'data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant",'
    b'"content":[],"model":"m","usage":{"input_tokens":9,"output_tokens":1}}}\n\n'
    b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
)
REST = (
    b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}\n\n'
    b'data: {"type":"content_block_stop","index":0}\n\n'
    b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
    b'"usage":{"output_tokens":1}}\n\ndata: {"type":"message_stop"}\n\n'
)


async def test_a_beginning_without_bytes_for_the_client_is_no_end() -> None:
    has_begun = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(BEGINNING))
        await has_begun.wait()
        await peer.send(chunk(REST) + b"0\r\n\r\n")

    async with (
        scripted(script) as server,
        house(
            route(
                f"http://127.0.0.1:{server.origin.port}",
                wire=wire(Kind.ANTHROPIC, b"any", Quirks()),
            )
        ) as h,
    ):
        sent = gemini.sent(Ask(is_stream=True), MODEL, SECRET)
        exchange = h.request(
            path=sent.path, headers={"authorization": ""} | dict(sent.headers), body=[sent.body]
        )
        exchange.ask(sent.query)
        under_way = exchange.begin()
        await until(lambda: bool(exchange.messages))
        has_begun.set()
        await under_way.finish()
        assert gemini.stream(exchange.body).text == "hi"
        assert (h.end.ending, h.end.usage and h.end.usage.output_tokens) == (Ending.COMPLETED, 1)
