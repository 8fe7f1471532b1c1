"""Responses streams, to and from events."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from relay.proxy import sse
from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.events import Event, PartKind, Reason
from relay.proxy.dialects.responses.stream import StreamParser, StreamRenderer
from relay.proxy.dialects.whole import Choice, Whole, gather, spread
from relay.proxy.types import Usage
from tests.relay.proxy.dialects.answers import answers, choices
from tests.relay.proxy.dialects.streams import (
    AFTER_A_THOUGHT,
    LABEL,
    line_ends,
    read,
    split_everywhere,
    written,
)
from tests.relay.proxy.dialects.test_responses_answers import MIXED

encode, decode = msgspec.json.encode, msgspec.json.decode
USAGE = {"input_tokens": 9, "output_tokens": 2}


def frame(kind: str, **fields: Any) -> bytes:
    """One event as OpenAI sends it, shortened."""
    return f"event: {kind}\n".encode() + sse.event(encode({"type": kind, **fields}))


def ending(status: str = "completed", **fields: Any) -> bytes:
    """The last event."""
    response = {"id": "r1", "status": status, "output": [], "usage": USAGE, **fields}
    return frame(f"response.{status}", response=response)


CALL = {"type": "function_call", "id": "fc_1", "call_id": "t1", "name": "f", "arguments": ""}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
SUMMARY = [{"type": "summary_text", "text": text} for text in ("one", "two")]
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}
TEXT = "response.output_text.delta"
SUMMED = "response.reasoning_summary_text.delta"
ARGUMENTS = "response.function_call_arguments.delta"

STREAM = b"".join(
    [
        frame("response.created", response={"id": "r1", "model": "m", "created_at": 7}),
        frame("response.in_progress", response={"id": "r1"}),
        frame("response.output_item.added", output_index=0, item=THOUGHT),
        frame(SUMMED, output_index=0, summary_index=0, delta="one"),
        frame(SUMMED, output_index=0, summary_index=1, delta="two"),
        frame(
            "response.output_item.done",
            output_index=0,
            item={**THOUGHT, "summary": SUMMARY, "encrypted_content": "b3BhcXVl"},
        ),
        frame("response.output_item.added", output_index=1, item=MESSAGE),
        frame("response.content_part.added", output_index=1, content_index=0),
        frame(TEXT, output_index=1, content_index=0, delta="Hé"),
        frame(TEXT, output_index=1, content_index=0, delta="llo"),
        frame("response.content_part.done", output_index=1, content_index=0),
        frame("response.output_item.done", output_index=1, item=MESSAGE),
        frame("response.output_item.added", output_index=2, item=CALL),
        frame(ARGUMENTS, output_index=2, delta='{"a":'),
        frame(ARGUMENTS, output_index=2, delta="1}"),
        frame("response.output_item.done", output_index=2, item={**CALL, "arguments": '{"a":1}'}),
        ending(),
    ]
)
EVENTS: list[Event] = [
    ev.Started("r1", "m", 7),
    ev.PartStarted(0, 0, PartKind.THINKING, id="rs_1", origin="responses"),
    ev.ThinkingDelta(0, 0, "one"),
    ev.ThinkingDelta(0, 0, "\n\n"),
    ev.ThinkingDelta(0, 0, "two"),
    ev.SignatureDelta(0, 0, "b3BhcXVl", "responses"),
    ev.PartEnded(0, 0),
    *AFTER_A_THOUGHT,
]


def test_a_stream_tells_its_parts() -> None:
    assert read(StreamParser(), [STREAM]) == EVENTS


def test_where_a_stream_is_split_makes_no_difference() -> None:
    for events in split_everywhere(STREAM, StreamParser):
        assert events == EVENTS


def test_line_ends_make_no_difference() -> None:
    for stream in line_ends(STREAM):
        assert read(StreamParser(), [stream]) == EVENTS


@settings(max_examples=50, deadline=None)
@given(answers(choices()))
def test_what_is_rendered_reads_as_the_same_answer(whole: Whole) -> None:
    stream = written(StreamRenderer(LABEL), spread(whole))
    again = gather(read(StreamParser(), [stream]))
    first = again.choices[0]
    first.parts = [
        replace(part, id="") if isinstance(part, cv.Thinking) else part for part in first.parts
    ]
    assert (again.choices, again.usage) == (whole.choices[:1], whole.usage)


def test_all_kinds_of_parts_go_through() -> None:
    choice = Choice(list(MIXED), Reason.TOOL_CALLS)
    stream = written(StreamRenderer(LABEL), spread(Whole(choices=[choice])))
    assert gather(read(StreamParser(), [stream])).choices == [choice]


def test_the_official_client_reads_what_we_write() -> None:
    tokens = (ev.TokenLogprob("Here", -0.5, (1,)),)
    parts = [*MIXED, cv.Refusal("No.")]
    whole = Whole(choices=[Choice(parts, logprobs=tokens)], usage=Usage())
    stream = written(StreamRenderer(LABEL), spread(whole))
    adapter: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    datas = [sse.data_of(each) for each in sse.frames(stream)]
    events = [adapter.validate_json(data) for data in datas]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert [item.id for item in done] == [item.id for item in events[-1].response.output]


def test_the_whole_answer_comes_last_and_apart() -> None:
    renderer = StreamRenderer(LABEL)
    *first, ended = spread(Whole(choices=[Choice([cv.Text("x")], Reason.LENGTH)]))
    assert b"response.incomplete" not in written(renderer, first)
    last = decode(sse.data_of(renderer.render(ended)))
    assert last["type"] == "response.incomplete"
    assert last["response"]["output"][0]["content"][0]["text"] == "x"


@pytest.mark.parametrize(
    "broken",
    [
        frame("response.failed", response={"id": "r1", "status": "failed", "error": {}}),
        frame("error", code="server_error", message="secret of theirs"),
        b"data: {\n\n",
    ],
)
def test_a_broken_stream_fails_and_says_no_more(broken: bytes) -> None:
    text = frame(TEXT, output_index=0, content_index=0, delta="x")
    events = read(StreamParser(), [text, broken, text, ending()])
    assert events[-1] == ev.Failed()
    assert gather(events).choices[0].text == "x"


def test_a_stream_that_stops_is_not_whole() -> None:
    events = read(StreamParser(), [STREAM[: STREAM.index(b"event: response.completed")]])
    assert ev.Ended() not in events


def test_a_last_event_without_its_blank_line_counts() -> None:
    assert read(StreamParser(), [STREAM.rstrip()]) == EVENTS


def test_arguments_may_come_with_the_item_only() -> None:
    item = {**CALL, "arguments": "{}"}
    done = frame("response.output_item.done", output_index=0, item=item)
    (call,) = gather(read(StreamParser(), [done, ending()])).choices[0].tools
    assert call == cv.ToolUse("t1", "f", "{}")
