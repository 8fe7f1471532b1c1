"""A Call that goes well: what the client gets, in which order, and how it is settled."""

import asyncio
from itertools import pairwise

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.relay.proxy.fakes import MODEL, PATH, UPSTREAM_MODEL, House, house, offer, route
from tests.relay.upstream.scripted_server import Peer, ok, scripted, until

RATE_HEADERS = {
    "x-ratelimit-limit-requests": "600",
    "x-ratelimit-remaining-requests": "599",
    "x-ratelimit-reset-requests": "42s",
    "x-ratelimit-limit-tokens": "1000000",
    "x-ratelimit-remaining-tokens": "999000",
    "x-ratelimit-reset-tokens": "42s",
}
EVENT_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
CHUNKED = EVENT_STREAM + b"transfer-encoding: chunked\r\n\r\n"
STOP = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


def delta(text: str) -> bytes:
    return b'data: {"choices":[{"delta":{"content":"' + text.encode() + b'"}}]}\n\n'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_a_whole_answer_passes_byte_for_byte_but_for_the_model() -> None:
    body = b'{ "id":"x",\n "model" : "demo-model", "choices":[{"message":{"content":"\\u4f60"}}],'
    body += b'"usage":{"prompt_tokens":9,"completion_tokens":1}, "unknown": 1.50 }\n'

    async def script(peer: Peer) -> None:
        await peer.answer(ok(body))

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        answer = await h.answer()
        assert answer.body == body.replace(b'"demo-model"', b'"small"')
        assert answer.headers["content-length"] == str(len(answer.body))
        assert (h.end.usage and h.end.usage.output_tokens) == 1


async def test_a_stream_passes_byte_for_byte_but_for_the_model_and_the_usage_frame() -> None:
    frames = [b": hi\n\n", delta("a").replace(b"{", b'{"model":"demo-model",', 1), STOP]
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1}}\n\n'

    async def script(peer: Peer) -> None:
        await peer.request()
        body = b"".join([*frames, usage, DONE])
        await peer.send(CHUNKED + chunk(body) + b"0\r\n\r\n")

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        answer = await h.answer(stream=True)
        assert answer.body == b"".join([*frames, DONE]).replace(b"demo-model", b"small")


async def test_a_stream_is_settled_as_the_upstream_counted(relay: House, one: Running) -> None:
    answer = await relay.answer("[[demo:tokens=20 cached=3]]", stream=True)
    (seen,) = one.calls()
    assert (answer.status, answer.is_whole, answer.events()[-1]) == (200, True, b"[DONE]")
    usage = relay.end.usage
    assert usage is not None
    assert usage.input_tokens == seen["prompt_tokens"] - 3
    assert usage.cached_input_tokens == 3
    assert usage.output_tokens == seen["completion_tokens"] == 20
    assert not usage.is_estimated
    assert (relay.end.ending, relay.end.status) == (Ending.COMPLETED, 200)


async def test_a_whole_answer_is_settled_as_the_upstream_counted(
    relay: House, one: Running
) -> None:
    answer = await relay.answer("[[demo:tokens=20]]")
    (seen,) = one.calls()
    assert answer.json()["usage"]["completion_tokens"] == seen["completion_tokens"] == 20
    assert (relay.end.usage and relay.end.usage.output_tokens) == 20
    assert (relay.end.ending, relay.end.status) == (Ending.COMPLETED, 200)
    assert relay.journal == ["settled", "bytes"]


@pytest.mark.parametrize("stream", [True, False])
async def test_the_client_sees_the_public_model_and_the_upstream_its_own(
    relay: House, one: Running, stream: bool
) -> None:
    answer = await relay.answer(stream=stream)
    assert UPSTREAM_MODEL.encode() not in answer.body.replace(b"asked demo-model", b"")
    assert b'"model":"' + MODEL.encode() + b'"' in answer.body
    assert one.calls()[0]["model"] == UPSTREAM_MODEL


@pytest.mark.parametrize("stream", [True, False])
async def test_every_answer_carries_its_id_and_what_is_left_of_the_limits(
    relay: House, stream: bool
) -> None:
    answer = await relay.answer(stream=stream)
    assert RATE_HEADERS.items() <= answer.headers.items()
    assert answer.headers["x-request-id"] == relay.gate.admitted[0].request_id
    assert "x-demo-upstream" not in answer.headers


async def test_the_usage_frame_is_for_those_who_asked(relay: House) -> None:
    asked = await relay.answer(stream=True, stream_options={"include_usage": True})
    plain = await relay.answer(stream=True)
    with_usage = [data for data in asked.events() if b'"usage":{' in data]
    assert [msgspec.json.decode(data)["choices"] for data in with_usage] == [[]]
    assert b'"usage":{' not in plain.body
    assert [end.usage for end in relay.gate.ended] == [relay.gate.ended[0].usage] * 2


async def test_a_stream_is_settled_before_the_last_byte(relay: House) -> None:
    relay.gate.may_settle.clear()
    exchange = relay.chat("[[demo:tokens=3]]", stream=True)
    await exchange.until_body(b'"finish_reason":"stop"')
    await until(lambda: relay.gate.open_count == 0)  # the gate is being told
    assert b"[DONE]" not in exchange.body
    relay.gate.may_settle.set()
    await exchange.finish()
    assert relay.journal[-2:] == ["settled", "done"]


async def test_a_chunk_is_never_held_for_the_next_one() -> None:
    goes_on = [asyncio.Event() for _ in range(4)]

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        for number, event in enumerate(goes_on):
            await peer.send(chunk(delta(f"part-{number}")))
            await event.wait()
        await peer.send(chunk(STOP) + chunk(DONE) + b"0\r\n\r\n")

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        exchange = h.chat(stream=True)
        for number, event in enumerate(goes_on):
            await exchange.until_body(f"part-{number}".encode())
            assert f"part-{number + 1}".encode() not in exchange.body
            event.set()
        await exchange.finish()


async def test_the_connection_lives_on_when_the_body_ends_after_done() -> None:
    connections: list[int] = []
    client_has_done = asyncio.Event()

    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            connections.append(peer.number)
            await peer.send(CHUNKED + chunk(delta("a") + STOP) + chunk(DONE))
            await client_has_done.wait()
            await peer.send(b"0\r\n\r\n")

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        for _ in range(2):
            client_has_done.clear()
            exchange = h.chat(stream=True)
            await exchange.until_body(b"[DONE]")
            client_has_done.set()
            await exchange.finish()
    assert connections == [1, 1]


async def test_an_upstream_that_never_ends_its_body_holds_nobody_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(delta("a") + STOP + DONE))
        await peer.closed_by_client()

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        answer = await h.answer(stream=True)
        assert answer.events()[-1] == b"[DONE]"
        assert h.end.ending is Ending.COMPLETED


async def test_a_lowered_cap_is_sent_upstream_and_told(relay: House, one: Running) -> None:
    relay.gate.clamped_to = 48
    answer = await relay.answer("[[demo:tokens=99]]", n=2)
    assert one.calls()[0]["body"]["max_tokens"] == 24  # each of the two choices
    assert answer.headers["x-output-tokens-capped"] == "48"


async def test_nobody_gets_more_output_than_is_held_for(relay: House, one: Running) -> None:
    relay.routes.offers = {MODEL: offer(*relay.routes.offers[MODEL].routes, max_output_tokens=8)}
    answer = await relay.answer("[[demo:tokens=99]]", max_tokens=50)
    assert relay.gate.admitted[0].output_tokens_cap == 8
    assert one.calls()[0]["body"]["max_tokens"] == 8
    assert answer.json()["usage"]["completion_tokens"] == 8


async def test_without_a_lowered_cap_the_callers_own_is_left_alone(
    relay: House, one: Running
) -> None:
    await relay.answer(max_tokens=30)
    await relay.answer()
    first, second = one.calls()
    assert first["body"]["max_tokens"] == 30
    assert "max_tokens" not in second["body"]


async def test_a_checkpoint_is_made_every_64_tokens(relay: House) -> None:
    await relay.answer("[[demo:tokens=200 pace=1]]", stream=True)
    steps = [0, *relay.gate.checkpoints]
    assert len(steps) >= 2
    assert all(later - earlier >= 64 for earlier, later in pairwise(steps))


@pytest.mark.parametrize("fault", ["crlf", "split", "comments", "big-line"])
async def test_odd_framing_is_metered_all_the_same(relay: House, one: Running, fault: str) -> None:
    routes = relay.routes.offers[MODEL].routes
    relay.routes.offers = {MODEL: offer(*routes, context_tokens=1_000_000)}
    answer = await relay.answer(f"[[demo:fault={fault} tokens=9]]", stream=True)
    (seen,) = one.calls()
    assert answer.events()[-1] == b"[DONE]"
    assert relay.end.usage is not None
    assert relay.end.usage.output_tokens == seen["completion_tokens"]
    assert not relay.end.usage.is_estimated


async def test_the_alias_of_the_chat_path_is_the_same(relay: House) -> None:
    path = "/compatible-mode" + PATH
    body = [b'{"model":"small","messages":', b'[{"role":"user","content":"hi"}]}']
    answer = await relay.request(path=path, body=body).begin().finish()
    assert answer.status == 200


async def test_the_callers_key_never_reaches_the_upstream(relay: House, one: Running) -> None:
    await (
        relay.request(headers={"x-api-key": "sk-acme", "cookie": "a=b"}, body=[b"{}"])
        .begin()
        .finish()
    )
    await relay.answer()
    (seen,) = one.calls()
    assert seen["authorized"]
    assert sorted(seen["header_names"]) == [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ]
