"""The demo upstream's Realtime sessions: events in order, usage in full, errors as events."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running

KEY = "upstream-key"
MISSING = "missing_required_parameter"
HEADERS = {"Authorization": f"Bearer {KEY}"}
BETA = {**HEADERS, "OpenAI-Beta": "realtime=v1"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running(Options(api_key=KEY)) as upstream:
        yield upstream


class Talk:
    """One session: sends an event, reads until the type that ends the wait."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def write(self, event: dict[str, Any]) -> None:
        await self._socket.send(json.dumps(event))

    async def send(self, kind: str, **more: Any) -> None:
        await self.write({"type": kind, **more})

    async def until(self, *kinds: str) -> list[dict[str, Any]]:
        """Every event up to the first of one of these types."""
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(30):
            while not found or found[-1]["type"] not in kinds:
                found.append(json.loads(await self._socket.recv()))
        return found

    async def say(self, text: str) -> None:
        part = {"type": "input_text", "text": text}
        item = {"type": "message", "role": "user", "content": [part]}
        await self.send("conversation.item.create", item=item)

    async def ask(self, text: str, **response: Any) -> list[dict[str, Any]]:
        """The events of a response to a text."""
        await self.say(text)
        await self.send("response.create", response=response)
        return await self.until("response.done", "error")


@asynccontextmanager
async def talking(
    upstream: Running, model: str = "m", headers: dict[str, str] = HEADERS
) -> AsyncIterator[Talk]:
    upstream.clear()
    url = f"ws://127.0.0.1:{upstream.port}/v1/realtime?model={model}"
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        yield Talk(socket)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """The events' types, each run of one as one."""
    found = [event["type"] for event in events]
    return [kind for number, kind in enumerate(found) if found[number - 1 : number] != [kind]]


async def test_text_response_has_its_events_in_order(upstream: Running) -> None:
    async with talking(upstream) as talk:
        assert kinds(await talk.until("session.created")) == ["session.created"]
        await talk.send("session.update", session={"output_modalities": ["text"]})
        events = await talk.until("session.updated")
        assert events[-1]["session"]["output_modalities"] == ["text"]
        events = await talk.ask("[[demo: tokens=3]]")
    assert kinds(events) == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    done = events[-1]["response"]
    assert done["status"] == "completed"
    assert done["output"][0]["content"] == [{"type": "output_text", "text": "one two three"}]
    assert len({event["event_id"] for event in events}) == len(events)


async def test_spoken_response_counts_text_and_audio_apart(upstream: Running) -> None:
    async with talking(upstream, headers=BETA) as talk:
        second = base64.b64encode(bytes(48_000)).decode()
        await talk.send("input_audio_buffer.append", audio=second)
        await talk.send("input_audio_buffer.commit")
        events = await talk.until("conversation.item.created")
        assert "input_audio_buffer.committed" in kinds(events)
        events = await talk.ask("[[demo: tokens=2 cached=3 cached_audio=4]]")
    assert "response.audio.delta" in kinds(events)
    assert "response.audio_transcript.done" in kinds(events)
    usage = events[-1]["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 10
    assert usage["input_token_details"]["cached_tokens_details"] == {
        "text_tokens": 3,
        "audio_tokens": 4,
        "image_tokens": 0,
    }
    assert usage["output_token_details"] == {"text_tokens": 2, "audio_tokens": 4}
    counted = upstream.routes()["realtime"]["completed"]
    assert counted == {
        "calls": 1,
        "input_tokens": usage["input_token_details"]["text_tokens"] - 3,
        "cached_input_tokens": 3,
        "output_tokens": 2,
        "reasoning_tokens": 0,
        "audio_input": 6,
        "cached_audio_input": 4,
        "audio_output": 4,
    }


async def test_tool_is_called_and_its_result_used(upstream: Running) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = {"type": "function", "name": "get_weather", "parameters": schema}
    async with talking(upstream) as talk:
        await talk.send("session.update", session={"tools": [tool], "output_modalities": ["text"]})
        events = await talk.ask("the weather in Paris")
        (call,) = events[-1]["response"]["output"]
        assert json.loads(call["arguments"]) == {"city": "Paris"}
        assert "response.function_call_arguments.delta" in kinds(events)
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "21"}
        await talk.send("conversation.item.create", item=result)
        await talk.send("response.create")
        events = await talk.until("response.done")
    assert "The tool answered: 21" in events[-1]["response"]["output"][0]["content"][0]["text"]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "nonsense"}, "invalid_value"),
        ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty"),
        (
            {"type": "conversation.item.create", "item": {"type": "message"}},
            MISSING,
        ),
        ({"type": "conversation.item.create"}, MISSING),
        ({"type": "conversation.item.delete", "item_id": "x"}, "item_not_found"),
        ({"no": "type"}, MISSING),
    ],
    ids=str,
)
async def test_wrong_event_is_an_error_and_the_session_goes_on(
    upstream: Running, event: dict[str, Any], code: str
) -> None:
    async with talking(upstream) as talk:
        await talk.write({**event, "event_id": "mine"})
        *_, error = await talk.until("error")
        assert (error["error"]["code"], error["error"]["event_id"]) == (code, "mine")
        assert (await talk.ask("hi"))[-1]["type"] == "response.done"


async def test_cancelled_response_counts_what_was_said(upstream: Running) -> None:
    async with talking(upstream) as talk:
        await talk.say("[[demo: tokens=500 pace=5]]")
        await talk.send("response.create", response={"output_modalities": ["text"]})
        await talk.until("response.output_text.delta")
        await talk.send("response.cancel")
        done = (await talk.until("response.done"))[-1]["response"]
    assert done["status"] == "cancelled"
    assert 0 < done["usage"]["output_tokens"] < 500
    counted = upstream.routes()["realtime"]["completed"]
    assert counted["output_tokens"] == done["usage"]["output_tokens"]


async def test_leaving_is_noticed(upstream: Running) -> None:
    async with talking(upstream) as talk:
        await talk.say("[[demo: tokens=500 pace=5]]")
        await talk.send("response.create")
        await talk.until("response.output_audio_transcript.delta")
    assert await ending(upstream) == ["client_closed"]


async def ending(upstream: Running) -> list[str]:
    """How the responses ended, once one has."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if "realtime" in (routes := upstream.routes()):
            return list(routes["realtime"])
        await asyncio.sleep(0.01)
    raise AssertionError("the response did not end in 5 s")


async def test_faults_of_a_response(upstream: Running) -> None:
    async with talking(upstream) as talk:
        *_, error = await talk.ask("[[demo: fault=error-event after=1]]")
        assert LEAK_MARK in error["error"]["message"]
        *_, done = await talk.ask("[[demo: fault=failed]]")
        assert (done["response"]["status"], done["response"]["usage"]) == ("failed", None)
        *_, done = await talk.ask("[[demo: fault=no-usage]]")
        assert "usage" not in done["response"]
        with pytest.raises(ConnectionClosed):
            await talk.ask("[[demo: fault=cut after=1]]")


@pytest.mark.parametrize(
    ("model", "headers", "status"),
    [
        ("m", {}, 401),
        ("", HEADERS, 400),
        ("missing-m", HEADERS, 404),
        ("m%2Bfault%3D429", HEADERS, 429),
    ],
)
async def test_handshake_is_refused_with_a_status(
    upstream: Running, model: str, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with talking(upstream, model, headers):
            pass
    assert caught.value.response.status_code == status
    assert "error" in json.loads(caught.value.response.body)


async def test_browsers_bring_the_key_as_a_subprotocol(upstream: Running) -> None:
    offered: Any = ["realtime", f"openai-insecure-api-key.{KEY}"]
    url = f"ws://127.0.0.1:{upstream.port}/v1/realtime?model=m"
    async with connect(url, subprotocols=offered, proxy=None) as socket:
        assert socket.subprotocol == "realtime"
        assert json.loads(await socket.recv())["type"] == "session.created"
