"""Realtime through the relay: the upstream's own events, and a Call for each response."""

import asyncio
import base64
from typing import Any

import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending, Usage
from tests.relay.proxy.fakes import MODEL, House
from tests.relay.proxy.realtime_house import door, session, talk
from tests.relay.upstream.scripted_server import until

SECOND = base64.b64encode(bytes(48_000)).decode()  # of sound, as PCM


def buckets(usage: Usage | None) -> dict[str, int]:
    """The record's figures as the demo upstream names them."""
    assert usage is not None
    plain = {
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
    }
    return {name: count for name, count in {**plain, **usage.other}.items() if count}


def counted(upstream: Running) -> list[dict[str, int]]:
    """What the demo upstream counted, response by response."""
    calls = [call for call in upstream.calls() if call["route"] == "realtime"]
    return [{name: n for name, n in call["usage"].items() if n} for call in calls]


async def test_text_is_answered_and_charged_by_the_upstreams_count(
    relay: House, one: Running
) -> None:
    async with session(relay) as client:
        events = await client.ask("Hello there [[demo:tokens=12 cached=3]]")
    kinds = [event["type"] for event in events]
    assert "response.created" in kinds
    assert kinds.count("response.output_text.delta") == 12
    assert events[-1]["response"]["usage"]["output_tokens"] == 12
    answered, unused = relay.gate.ended
    assert [buckets(answered.usage)] == counted(one)
    assert (answered.ending, answered.status, answered.upstream_id) == (
        Ending.COMPLETED,
        200,
        "one",
    )
    assert (unused.ending, unused.usage) == (Ending.COMPLETED, None)


async def test_every_response_is_a_call_with_sound_in_and_out(relay: House, one: Running) -> None:
    async with session(relay) as client:
        await client.ask("[[demo:tokens=5 cached_audio=4]] one", "audio")
        await client.send("input_audio_buffer.append", audio=SECOND)
        await client.send("input_audio_buffer.commit")
        await client.ask("[[demo:tokens=7]] two", "audio")
        await client.ask("[[demo:tokens=3]] three")
        assert len(relay.gate.ended) == 3
    told = [buckets(end.usage) for end in relay.gate.ended[:3]]
    assert told == counted(one)
    assert told[1]["audio_output"] > 0
    assert told[1]["audio_input"] > 0
    assert len({call.request_id for call in relay.gate.admitted}) == 4


async def test_the_public_model_name_is_all_that_is_seen(relay: House) -> None:
    async with door(relay) as port, talk(port) as client:
        created = await client.event()
        assert created["session"]["model"] == MODEL
        await client.send("session.update", session={"model": MODEL, "instructions": "Be brief."})
        updated = await client.event()
        assert updated["session"]["instructions"] == "Be brief."
        assert updated["session"]["model"] == MODEL


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": "another"}, "session.model"),
        ({"type": "transcription"}, "session.type"),
        (
            {"audio": {"input": {"transcription": {"model": "whisper-1"}}}},
            "session.audio.input.transcription",
        ),
        ({"input_audio_transcription": {}}, "session.input_audio_transcription"),
    ],
)
async def test_a_session_cannot_become_what_is_not_paid_for(
    relay: House, one: Running, changes: dict[str, Any], param: str
) -> None:
    async with session(relay) as client:
        await client.send("session.update", event_id="mine", session=changes)
        error = (await client.event())["error"]
        assert (error["param"], error["event_id"]) == (param, "mine")
        await client.ask("[[demo:tokens=2]] go on")
    assert len(counted(one)) == 1


async def test_a_disguised_type_is_seen_through(relay: House) -> None:
    async with session(relay) as client:
        text = r'{"\u0074ype": "session\u002eupdate", "session": {"model": "another"}}'
        await client.connection.send(text)
        assert (await client.event())["error"]["param"] == "session.model"
        await client.connection.send("no json")
        assert (await client.event())["error"]["code"] == "invalid_json"
        await client.connection.send(b"bytes")
        assert (await client.event())["error"]["code"] == "invalid_json"


async def test_what_the_upstream_refuses_is_told_in_our_words(relay: House) -> None:
    async with session(relay) as client:
        await client.send("conversation.item.delete", event_id="e1", item_id="nobody")
        event = await client.event()
        assert event["error"]["type"] == "invalid_request_error"
        assert event["error"]["event_id"] == "e1"
        assert "nobody" not in event["error"]["message"]


async def test_a_failed_response_is_free_and_its_reason_stays_ours(relay: House) -> None:
    async with session(relay) as client:
        events = await client.ask("[[demo:fault=failed tokens=5]] fail")
    assert events[-1]["response"]["status"] == "failed"
    assert LEAK_MARK not in str(events)
    failed = relay.gate.ended[0]
    assert (failed.ending, failed.usage) == (Ending.UPSTREAM_FAILED, None)


async def test_a_cancelled_response_is_charged_as_the_upstream_says(
    relay: House, one: Running
) -> None:
    async with session(relay) as client:
        await client.say("[[demo:tokens=500 pace=20]] long")
        await client.send("response.create", response={"output_modalities": ["text"]})
        await client.until("response.output_text.delta")
        await client.send("response.cancel")
        done = (await client.until("response.done"))[-1]
        assert done["response"]["status"] == "cancelled"
    assert [buckets(relay.gate.ended[0].usage)] == counted(one)


@pytest.mark.parametrize("fault", ["no-usage", "negative-usage", "absurd-usage"])
async def test_without_sensible_figures_we_count(relay: House, fault: str) -> None:
    async with session(relay) as client:
        await client.ask(f"[[demo:fault={fault} tokens=6]]", "audio")
    usage = relay.gate.ended[0].usage
    assert usage is not None
    assert usage.is_estimated
    assert (usage.output_tokens, usage.other["audio_output"]) == (6, 12)
    assert usage.input_tokens > 0


async def test_a_client_that_leaves_pays_for_what_it_got(relay: House, one: Running) -> None:
    async with session(relay) as client:
        await client.say("[[demo:tokens=500 pace=20]] long")
        await client.send("response.create", response={"output_modalities": ["text"]})
        await client.until("response.output_text.delta")
        await client.connection.close()
        left = asyncio.get_running_loop().time()
        await until(lambda: not relay.gate.open_count)
        await until(lambda: all(call["ending"] for call in one.calls()))
        assert asyncio.get_running_loop().time() - left < 1.0
    end = relay.gate.ended[0]
    assert end.ending is Ending.CLIENT_LEFT
    assert end.usage is not None
    assert end.usage.is_estimated
    assert 0 < end.usage.output_tokens < 100
    assert {call["ending"] for call in one.calls()} == {"client_closed"}


@pytest.mark.parametrize("fault", ["cut", "reset"])
async def test_a_lost_upstream_is_told_and_the_socket_closed(relay: House, fault: str) -> None:
    async with session(relay) as client:
        await client.say(f"[[demo:fault={fault} after=4 tokens=20]]")
        await client.send("response.create", response={"output_modalities": ["text"]})
        events = await client.until("error")
        assert events[-1]["error"]["code"] == "upstream_error"
        assert await client.closed() == 1011
    end = relay.gate.ended[0]
    assert (end.ending, end.error_code) == (Ending.CUT, "upstream_error")
    assert end.usage is not None
    assert end.usage.output_tokens == 4
