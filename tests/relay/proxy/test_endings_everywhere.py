"""Acceptance 15 and 16 through every door and with every kind of upstream: failover before the
first byte only, one charge, no false end, estimates where figures are missing or absurd, and an
upstream that hears at once of a caller who left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.relay.proxy.doors import STREAMED, WHOLES, WIRES, stream_door, whole_door
from tests.relay.proxy.fakes import House, house, route
from tests.relay.proxy.test_client_leaving import CLOSE_S_MAX, asked, closed

# Silence and slow answers are tested where they cost their time once (test_failover).
BEFORE_THE_ANSWER = ["500", "429", "reset", "html-200"]


@asynccontextmanager
async def behind(kind: str, *upstreams: Running, **given: float) -> AsyncIterator[House]:
    """A relay with these upstreams of one kind, each asked when the one before has failed."""
    routes = [
        route(each.base_url, each.options.name, wire=WIRES[kind], priority=priority)
        for priority, each in enumerate(upstreams)
    ]
    async with house(*routes, **given) as made:  # type: ignore[arg-type]
        yield made


@pytest.mark.parametrize("fault", BEFORE_THE_ANSWER)
@pytest.mark.parametrize(("door", "kind"), WHOLES)
async def test_a_failing_upstream_is_left_for_the_next_and_charged_once(
    one: Running, two: Running, door: str, kind: str, fault: str
) -> None:
    async with behind(kind, one, two) as relay:
        prompt = f"[[demo:fault={fault} only=one]]"
        answer = await whole_door(door).knock(relay, prompt).finish()
        assert answer.status == 200
        assert relay.end.upstream_id == "two"
        assert [each[0] for each in relay.end.attempts] == ["one", "two"]
        assert relay.end.ending is Ending.COMPLETED


@pytest.mark.parametrize(("door", "kind"), WHOLES)
async def test_when_all_fail_nobody_pays_and_nothing_of_theirs_is_shown(
    one: Running, door: str, kind: str
) -> None:
    async with behind(kind, one) as relay:
        answer = await whole_door(door).knock(relay, "[[demo:fault=500]]").finish()
        assert answer.status == 502
        assert LEAK_MARK.encode() not in answer.body
        assert (relay.end.ending, relay.end.usage) == (Ending.UPSTREAM_FAILED, None)


@pytest.mark.parametrize("fault", ["no-usage", "absurd-usage", "negative-usage"])
@pytest.mark.parametrize(("door", "kind"), [pair for pair in WHOLES if pair[0] != "moderations"])
async def test_missing_and_senseless_figures_are_counted_by_us(
    one: Running, door: str, kind: str, fault: str
) -> None:
    async with behind(kind, one) as relay:
        answer = await whole_door(door).knock(relay, f"[[demo:fault={fault}]] hello").finish()
        assert answer.status == 200
        usage = relay.end.usage
        assert usage is not None
        assert usage.is_estimated
        assert 0 < usage.input_tokens < 1_000
        assert 0 <= usage.output_tokens < 1_000


@pytest.mark.parametrize("fault", BEFORE_THE_ANSWER)
@pytest.mark.parametrize(("door", "kind"), STREAMED)
async def test_a_stream_that_has_not_begun_fails_over(
    one: Running, two: Running, door: str, kind: str, fault: str
) -> None:
    async with behind(kind, one, two) as relay:
        prompt = f"[[demo:fault={fault} only=one]]"
        answer = await stream_door(door).knock(relay, prompt, is_stream=True).finish()
        assert answer.status == 200
        assert stream_door(door).end in answer.body
        assert (relay.end.upstream_id, relay.end.ending) == ("two", Ending.COMPLETED)


@pytest.mark.parametrize("fault", ["error-event", "cut"])
@pytest.mark.parametrize(("door", "kind"), STREAMED)
async def test_a_stream_that_breaks_has_no_false_end_and_costs_what_was_delivered(
    one: Running, two: Running, door: str, kind: str, fault: str
) -> None:
    async with behind(kind, one, two) as relay:
        prompt = f"[[demo:fault={fault} after=5 tokens=50]]"
        answer = await stream_door(door).knock(relay, prompt, is_stream=True).finish()
        assert stream_door(door).end not in answer.body
        assert b"error" in answer.body
        assert LEAK_MARK.encode() not in answer.body
        assert two.calls() == []
        end = relay.end
        assert (end.ending, end.error_code) == (Ending.CUT, "upstream_error")
        assert end.usage is not None
        assert end.usage.is_estimated or kind == "gemini"  # it tells with every chunk
        assert 3 <= end.usage.output_tokens <= 8  # what we count without a tokenizer


@pytest.mark.parametrize(("door", "kind"), STREAMED)
async def test_a_caller_who_leaves_a_stream_pays_what_was_delivered(
    one: Running, door: str, kind: str
) -> None:
    async with behind(kind, one) as relay:
        exchange = stream_door(door).knock(relay, "[[demo:tokens=500 pace=20]]", is_stream=True)
        await exchange.until_body(b"three")
        exchange.leave()
        await exchange.finish()
        assert await closed(one) < CLOSE_S_MAX
        end = relay.end
        assert end.ending is Ending.CLIENT_LEFT
        assert end.usage is not None
        assert 1 <= end.usage.output_tokens < 60


@pytest.mark.parametrize(("door", "kind"), WHOLES)
async def test_a_caller_who_leaves_before_the_answer_pays_nothing(
    one: Running, door: str, kind: str
) -> None:
    async with behind(kind, one, deadline_s=60) as relay:
        relay.opener.timeouts = type(relay.opener.timeouts)()
        exchange = whole_door(door).knock(relay, "[[demo:wait=60000]]")
        await asked(one)
        exchange.leave()
        await exchange.finish()
        assert await closed(one) < CLOSE_S_MAX
        assert (relay.end.ending, relay.end.usage) == (Ending.CLIENT_LEFT, None)
