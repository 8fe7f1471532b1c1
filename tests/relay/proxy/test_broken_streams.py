"""When an Upstream fails after the first byte: no second try, no false end, one fair charge."""

import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.relay.proxy.fakes import House, house, route, site
from tests.relay.proxy.test_answers import CHUNKED, DONE, EVENT_STREAM, STOP, chunk, delta
from tests.relay.upstream.scripted_server import Peer, scripted


@pytest.mark.parametrize("fault", ["error-event", "cut"])
async def test_a_broken_stream_ends_in_an_error_event_and_no_done(
    pair: House, two: Running, fault: str
) -> None:
    answer = await pair.answer(f"[[demo:fault={fault} after=5 tokens=50]]", stream=True)
    assert answer.status == 200
    assert answer.is_whole
    assert b"[DONE]" not in answer.body
    assert b'"code":"upstream_error"' in answer.events()[-1]
    assert LEAK_MARK.encode() not in answer.body
    assert two.calls() == []  # the client has bytes: too late for another


@pytest.mark.parametrize("fault", ["error-event", "cut"])
async def test_a_broken_stream_costs_what_was_delivered_once(relay: House, fault: str) -> None:
    await relay.answer(f"[[demo:fault={fault} after=5 tokens=50]]", stream=True)
    usage = relay.end.usage
    assert usage is not None
    assert (usage.output_tokens, usage.is_estimated) == (5, True)
    assert (relay.end.ending, relay.end.error_code) == (Ending.CUT, "upstream_error")
    assert relay.journal[-2] == "settled"


async def test_a_broken_stream_is_explained_in_the_sites_language(relay: House) -> None:
    relay.routes.site = site(language="zh-hans")
    relay.routes.offers = dict(relay.routes.offers)
    answer = await relay.answer("[[demo:fault=cut after=5]]", stream=True)
    assert "提前中断" in answer.events()[-1].decode()


async def test_no_half_frame_reaches_the_client(relay: House) -> None:
    answer = await relay.answer("[[demo:fault=cut after=5 tokens=50]]", stream=True)
    frames = answer.body.split(b"\n\n")
    assert frames.pop() == b""
    assert all(frame.startswith(b"data: {") and frame.endswith(b"}") for frame in frames)


async def test_a_stream_that_falls_silent_is_cut() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(delta("one") + delta("two")))
        await peer.closed_by_client()

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        answer = await h.answer(stream=True)
        assert b'"code":"upstream_error"' in answer.events()[-1]
        assert (h.end.ending, h.end.usage and h.end.usage.output_tokens) == (Ending.CUT, 2)


ROLE = b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
ERROR = b'data: {"error":{"message":"sk-leaked"}}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":0}}\n\n'


@pytest.mark.parametrize(
    "frames", [ROLE + ERROR, ROLE + USAGE + ERROR, b": wait\n\n" + ROLE + ERROR]
)
async def test_a_stream_that_breaks_before_any_output_costs_nothing(frames: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(frames) + b"0\r\n\r\n")

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        answer = await h.answer(stream=True)
        assert b"leaked" not in answer.body
        assert (h.end.ending, h.end.usage) == (Ending.CUT, None)


@pytest.mark.parametrize("end", [b"", b"data: [DONE]", b"data: [DONE]\n"])
async def test_a_whole_answer_with_a_sloppy_end_is_whole(end: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(EVENT_STREAM + b"connection: close\r\n\r\n" + delta("hi") + STOP + end)

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        answer = await h.answer(stream=True)
        assert answer.body == delta("hi") + STOP + DONE
        assert (h.end.ending, h.end.usage and h.end.usage.output_tokens) == (Ending.COMPLETED, 1)


async def test_a_stream_without_an_end_is_cut_though_the_upstream_closed_politely() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(delta("hi")) + b"0\r\n\r\n")

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        answer = await h.answer(stream=True)
        assert b"[DONE]" not in answer.body
        assert h.end.ending is Ending.CUT


async def test_an_error_inside_a_frame_that_went_out_in_pieces_stands_apart() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(delta("x" * 1_200_000)[:-9]))

    async with (
        scripted(script) as server,
        house(route(f"http://127.0.0.1:{server.origin.port}")) as h,
    ):
        answer = await h.answer(stream=True)
        last = answer.body.rpartition(b"\n\ndata: ")[2]
        assert last.startswith(b'{"error":')


@pytest.mark.parametrize(
    "fault", ["no-usage", "negative-usage", "absurd-usage", "float-usage", "nan-usage"]
)
async def test_a_stream_with_useless_usage_is_counted_here_and_flagged(
    relay: House, fault: str
) -> None:
    answer = await relay.answer(f"[[demo:fault={fault} tokens=20]]", stream=True)
    usage = relay.end.usage
    assert answer.events()[-1] == b"[DONE]"
    assert usage is not None
    assert (usage.output_tokens, usage.is_estimated) == (20, True)
    assert usage.input_tokens > 0


@pytest.mark.parametrize("fault", ["no-usage", "negative-usage", "absurd-usage", "float-usage"])
async def test_an_answer_with_useless_usage_is_counted_here_and_flagged(
    relay: House, fault: str
) -> None:
    answer = await relay.answer(f"[[demo:fault={fault} tokens=20]]")
    usage = relay.end.usage
    assert answer.status == 200
    assert usage is not None
    text = answer.json()["choices"][0]["message"]["content"]
    assert (usage.output_tokens, usage.is_estimated) == (-(-len(text) // 4), True)
