"""`Idempotency-Key`: the same request again gets the same answer, and is charged once."""

from typing import Any

import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.errors import ApiError, Cause
from relay.proxy.recording import ANSWER_BYTES_MAX, Fingerprint
from tests.relay.proxy.fakes import Exchange, House, caller, chat_body, house, route
from tests.relay.proxy.replays import FakeReplays

KEY = "8c1f-1"


def begin(relay: House, prompt: str = "hello", key: str = KEY, **given: Any) -> Exchange:
    headers = {"idempotency-key": key} | given.pop("headers", {})
    return relay.request(headers=headers, body=[chat_body(prompt, **given)]).begin()


async def post(relay: House, prompt: str = "hello", key: str = KEY, **given: Any) -> Exchange:
    return await begin(relay, prompt, key, **given).finish()


def charges(relay: House) -> int:
    return len(relay.gate.ended)


@pytest.mark.parametrize("is_stream", [False, True])
async def test_a_retry_gets_the_same_bytes_and_costs_nothing(
    relay: House, one: Running, is_stream: bool
) -> None:
    first = await post(relay, stream=is_stream)
    again = await post(relay, stream=is_stream)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers == first.headers | {"idempotency-replayed": "true"}
    assert "idempotency-replayed" not in first.headers
    assert (charges(relay), len(one.calls())) == (1, 1)


async def test_another_relay_knows_the_answer_too(one: Running) -> None:
    shared = FakeReplays()
    async with (
        house(route(one.base_url), replays=shared) as first,
        house(route(one.base_url), replays=shared) as second,
    ):
        said = await post(first)
        assert (await post(second)).body == said.body
        assert (charges(first), charges(second)) == (1, 0)


async def test_the_same_key_for_other_words_is_refused(relay: House) -> None:
    await post(relay)
    other = await post(relay, "good bye")
    assert (other.status, other.error()["code"]) == (422, "idempotency_mismatch")
    assert charges(relay) == 1


async def test_while_one_is_under_way_the_other_waits(relay: House) -> None:
    running = begin(relay, "[[demo:pace=20 tokens=20]]", stream=True)
    await running.until_body(b'"content":"')
    meanwhile = await post(relay, "[[demo:pace=20 tokens=20]]", stream=True)
    assert (meanwhile.status, meanwhile.headers["retry-after"]) == (409, "1")
    assert meanwhile.error()["code"] == "idempotency_conflict"
    await running.finish()
    after = await post(relay, "[[demo:pace=20 tokens=20]]", stream=True)
    assert (after.body, charges(relay)) == (running.body, 1)


async def test_keys_of_others_are_others(relay: House) -> None:
    relay.keys.callers["sk-two"] = caller(key_id="key_two")
    await post(relay)
    other = await post(relay, headers={"authorization": "Bearer sk-two"})
    assert "idempotency-replayed" not in other.headers
    assert charges(relay) == 2


async def test_what_was_refused_may_be_tried_again(relay: House) -> None:
    relay.gate.denial = ApiError(Cause.NO_CREDIT)
    assert (await post(relay)).status == 402
    relay.gate.denial = None
    assert (await post(relay)).status == 200
    wrong = await relay.request(headers={"idempotency-key": "2"}, body=[b"{}"]).begin().finish()
    assert wrong.status == 400
    assert (await post(relay, key="2")).status == 200


async def test_what_failed_for_nothing_may_be_tried_again(relay: House) -> None:
    prompt = "[[demo:fault=500 times=1 id=again]] hello"
    assert (await post(relay, prompt)).status == 502
    assert (await post(relay, prompt)).status == 200


async def test_an_answer_that_was_cut_and_paid_is_not_made_again(relay: House) -> None:
    leaving = begin(relay, "[[demo:pace=20 tokens=500]]", stream=True)
    await leaving.until_body(b'"content":"')
    leaving.leave()
    await leaving.finish()
    again = await post(relay, "[[demo:pace=20 tokens=500]]", stream=True)
    assert (again.status, again.error()["code"]) == (409, "idempotency_answer_not_kept")
    assert again.headers["x-should-retry"] == "false"
    assert charges(relay) == 1


async def test_an_answer_that_is_too_long_is_not_kept(relay: House) -> None:
    prompt = "[[demo:tokens=8000]]"
    first = await post(relay, prompt, stream=True)
    assert len(first.body) > ANSWER_BYTES_MAX
    again = await post(relay, prompt, stream=True)
    assert (again.status, again.error()["code"]) == (409, "idempotency_answer_not_kept")
    assert charges(relay) == 1


async def test_without_redis_nothing_is_done_under_a_key(relay: House) -> None:
    relay.replays.error = ApiError(Cause.GATE_UNAVAILABLE)
    assert (await post(relay)).status == 503
    assert not relay.gate.admitted


@pytest.mark.parametrize("key", [" ", "two words", "k" * 256])
async def test_a_key_that_is_none_is_named(relay: House, key: str) -> None:
    answer = await post(relay, key=key)
    assert (answer.status, answer.error()["param"]) == (400, "Idempotency-Key")


def test_a_forms_boundary_does_not_count_wherever_the_body_is_split() -> None:
    digests = set()
    for boundary in (b"--one--", b"another-boundary"):
        body = b"a" + boundary + b"\r\nfile\r\n" + boundary + b"--"
        for cut in range(len(body)):
            made = Fingerprint(boundary)
            made.feed(body[:cut])
            made.feed(body[cut:])
            digests.add(made.digest(b"/v1"))
    assert len(digests) == 1
