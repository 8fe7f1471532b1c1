"""When an Upstream fails before the first byte: who is tried next, and what the client is told."""

import asyncio
from typing import Any

import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.relay.proxy.fakes import MODEL, House, house, offer, route
from tests.relay.upstream.scripted_server import Peer, scripted

# Faults that show before the client got anything. The second column: as an attempt's code.
FAILING = [
    ("429", True, "status_429"),
    ("500", True, "status_500"),
    ("503", True, "status_503"),
    ("401", True, "status_401"),
    ("reset", True, "ConnectionReset"),
    ("silence", True, "FirstByteTimeout"),
    ("html-200", True, "not_a_stream"),
    ("empty", True, "empty_stream"),
    ("429", False, "status_429"),
    ("reset", False, "ConnectionReset"),
    ("silence", False, "FirstByteTimeout"),
    ("html-200", False, "not_an_answer"),
    ("error-event", False, "not_an_answer"),
    ("empty", False, "not_an_answer"),
    ("bad-json", False, "not_an_answer"),
    ("cut", False, "IncompleteBody"),
]
CODES = {"429": "no_upstream_available", "503": "no_upstream_available"}
STATUSES = {"no_upstream_available": 503, "upstream_timeout": 504, "upstream_error": 502}


@pytest.mark.parametrize(("fault", "stream", "code"), FAILING)
async def test_the_next_upstream_answers_and_is_charged_alone(
    pair: House, two: Running, fault: str, stream: bool, code: str
) -> None:
    answer = await pair.answer(f"[[demo:fault={fault} only=one tokens=5]]", stream=stream)
    assert answer.status == 200
    assert LEAK_MARK.encode() not in answer.body
    assert [each[2] for each in pair.end.attempts] == [code, ""]
    assert (pair.end.ending, pair.end.upstream_id) == (Ending.COMPLETED, "two")
    assert (pair.end.usage and pair.end.usage.output_tokens) == 5
    assert len(two.calls()) == 1


async def test_comments_do_not_commit_the_relay_to_an_upstream(two: Running) -> None:
    async def script(peer: Peer) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        await peer.answer(head + b": wait\n\n")
        await peer.send(b'event: error\ndata: {"message":"sk-leaked"}\n\n')

    async with scripted(script) as server:
        first = route(f"http://127.0.0.1:{server.origin.port}", "one")
        async with house(first, route(two.base_url, "two", priority=1)) as made:
            answer = await made.answer(stream=True)
            assert (answer.status, answer.events()[-1]) == (200, b"[DONE]")
            assert b"leaked" not in answer.body
            assert [each[2] for each in made.end.attempts] == ["error_event", ""]


async def test_a_stream_that_opens_with_an_error_is_not_begun(pair: House) -> None:
    answer = await pair.answer("[[demo:fault=error-event after=0 only=one]]", stream=True)
    assert (answer.status, answer.events()[-1]) == (200, b"[DONE]")
    assert [each[2] for each in pair.end.attempts] == ["error_event", ""]


@pytest.mark.parametrize(("fault", "stream", "code"), FAILING)
async def test_with_nobody_left_the_client_is_told_and_pays_nothing(
    relay: House, fault: str, stream: bool, code: str
) -> None:
    answer = await relay.answer(f"[[demo:fault={fault}]]", stream=stream)
    expected = CODES.get(fault, "upstream_timeout" if fault == "silence" else "upstream_error")
    assert (answer.status, answer.error()["code"]) == (STATUSES[expected], expected)
    assert LEAK_MARK.encode() not in answer.body
    assert "x-should-retry" not in answer.headers
    assert (relay.end.ending, relay.end.usage) == (Ending.UPSTREAM_FAILED, None)
    assert (relay.end.status, relay.end.error_code) == (answer.status, expected)
    assert relay.sink.refusals == []  # a Call that was admitted has a record of its own
    assert relay.journal == ["settled", "bytes"]


async def test_an_error_after_admission_tells_the_limits_too(relay: House) -> None:
    answer = await relay.answer("[[demo:fault=500]]")
    assert answer.headers["x-ratelimit-remaining-requests"] == "599"
    assert answer.headers["x-request-id"] == relay.gate.admitted[0].request_id


async def test_an_upstream_that_asks_for_a_pause_gets_it(pair: House, one: Running) -> None:
    await pair.answer("[[demo:fault=429 retry_after=30 only=one]]")
    await pair.answer("hello")
    assert len(one.calls()) == 1
    assert [each[0] for each in pair.gate.ended[1].attempts] == ["two"]


async def test_while_every_upstream_pauses_the_client_is_told_for_how_long(relay: House) -> None:
    first = await relay.answer("[[demo:fault=429 retry_after=30]]")
    second = await relay.answer("hello")
    assert (first.status, second.status) == (503, 503)
    assert 29 <= int(second.headers["retry-after"]) <= 30
    assert relay.gate.ended[1].attempts == ()


async def test_a_model_without_routes_is_unavailable(relay: House) -> None:
    relay.routes.offers = {MODEL: offer()}
    answer = await relay.answer()
    assert (answer.status, answer.error()["code"]) == (503, "no_upstream_available")


async def test_no_call_is_tried_more_than_three_times(one: Running) -> None:
    routes = [route(one.base_url, f"up-{number}", priority=number) for number in range(5)]
    async with house(*routes) as made:
        answer = await made.answer("[[demo:fault=500]]")
        assert answer.status == 502
        assert [each[0] for each in made.end.attempts] == ["up-0", "up-1", "up-2"]


async def test_an_upstream_that_failed_is_not_asked_again_under_another_name(
    one: Running, two: Running
) -> None:
    routes = [
        route(one.base_url, "one"),
        route(one.base_url, "one", name="demo-large", priority=1),
        route(two.base_url, "two", priority=2),
    ]
    async with house(*routes) as made:
        await made.answer("[[demo:fault=500 only=one]]")
        assert [each[0] for each in made.end.attempts] == ["one", "two"]


async def test_one_deadline_holds_for_all_attempts(one: Running, two: Running) -> None:
    routes = [route(one.base_url, "one"), route(two.base_url, "two", priority=1)]
    async with house(*routes, deadline_s=0.3) as made:
        answer = await made.answer("[[demo:fault=silence]]")
        assert (answer.status, answer.error()["code"]) == (504, "upstream_timeout")
        assert [each[2] for each in made.end.attempts] == ["deadline"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_drip_before_the_first_frame_is_bounded_by_the_deadline(
    one: Running, stream: bool
) -> None:
    async with house(route(one.base_url, "one"), deadline_s=0.3) as made:
        answer = await made.answer("[[demo:fault=drip after=150 pace=20]]", stream=stream)
        assert (answer.status, answer.error()["code"]) == (504, "upstream_timeout")
        assert made.end.usage is None


async def test_an_unreachable_upstream_is_passed_over(two: Running) -> None:
    async with house(
        route("http://127.0.0.1:1/v1", "one"), route(two.base_url, "two", priority=1)
    ) as h:
        assert (await h.answer()).status == 200
        assert [each[2] for each in h.end.attempts] == ["ConnectFailed", ""]


LEAK = b'"message":"sk-leaked"'
REJECTIONS: list[tuple[int, bytes, str, str | None]] = [
    (400, b'{"error":{%b,"param":"stop"}}' % LEAK, "rejected_by_upstream", "stop"),
    (
        400,
        b'{"error":{%b,"code":"context_length_exceeded","param":"messages[0].content"}}' % LEAK,
        "context_length_exceeded",
        "messages[0].content",
    ),
    (
        400,
        b'{"error":{"code":"content_filter","param":"sk-leaked"}}',
        "content_policy_violation",
        None,
    ),
    (422, b'{"error":{"code":422}}', "rejected_by_upstream", None),
    (413, b"<h1>sk-leaked</h1>", "rejected_by_upstream", None),
    (400, b"x" * 100_000, "rejected_by_upstream", None),
]


@pytest.mark.parametrize(("status", "body", "code", "param"), REJECTIONS)
async def test_the_vendors_refusal_of_the_request_is_final_and_in_our_words(
    two: Running, status: int, body: bytes, code: str, param: str | None
) -> None:
    async def script(peer: Peer) -> None:
        head = b"HTTP/1.1 %d No\r\ncontent-length: %d\r\n\r\n" % (status, len(body))
        await peer.answer(head + body)

    async with scripted(script) as server:
        first = route(f"http://127.0.0.1:{server.origin.port}", "one")
        async with house(first, route(two.base_url, "two", priority=1)) as made:
            answer = await made.answer()
            error: dict[str, Any] = answer.error()
            assert (answer.status, error["code"], error["param"]) == (400, code, param)
            assert b"leaked" not in answer.body
            assert [each[:2] for each in made.end.attempts] == [("one", status)]
            assert made.end.usage is None


async def test_a_bug_of_ours_is_a_500_with_an_id_and_leaves_no_hold(relay: House) -> None:
    relay.routes.offers = {MODEL: offer(route("http://127.0.0.1:1", wire=None))}
    answer = await relay.answer()
    assert (answer.status, answer.error()["code"]) == (500, "internal_error")
    assert answer.headers["x-request-id"] == relay.gate.admitted[0].request_id
    assert (relay.end.status, relay.end.error_code, relay.end.usage) == (
        500,
        "internal_error",
        None,
    )


async def test_calls_that_fail_over_do_not_disturb_each_other(pair: House) -> None:
    exchanges = [pair.chat("[[demo:fault=500 only=one tokens=4]]", stream=True) for _ in range(20)]
    await asyncio.gather(*[each.finish() for each in exchanges])
    assert [each.events()[-1] for each in exchanges] == [b"[DONE]"] * 20
    assert len(pair.gate.ended) == 20
