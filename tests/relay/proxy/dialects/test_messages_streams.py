"""Messages streams, read and written: the same events however the bytes are cut."""

from typing import Any

import msgspec
import pytest

from relay.proxy import sse
from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.events import Event, Label, PartKind, Reason
from relay.proxy.dialects.messages.output_out import JSON_TOOL
from relay.proxy.dialects.messages.stream import StreamParser, StreamRenderer
from relay.proxy.dialects.whole import gather
from relay.proxy.types import Usage

LABEL = Label("req_1", "public", 1_700_000_000, Conversation("public", ()))


def frame(name: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (
        name.encode(),
        msgspec.json.encode({"type": name, **fields}),
    )


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    middle = [frame("content_block_delta", index=index, delta=delta) for delta in deltas]
    begin = frame("content_block_start", index=index, content_block=start)
    return begin + b"".join(middle) + frame("content_block_stop", index=index)


def end(reason: str = "end_turn") -> bytes:
    delta = {"stop_reason": reason, "stop_sequence": None}
    usage = {"output_tokens": 15}
    return frame("message_delta", delta=delta, usage=usage) + frame("message_stop")


START = frame(
    "message_start",
    message={
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "claude-opus-4-1",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 25, "output_tokens": 1},
    },
)
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
TEXT = block(
    0,
    {"type": "text", "text": ""},
    {"type": "text_delta", "text": "Hello"},
    {"type": "text_delta", "text": "!"},
)
FULL = (
    START
    + PING
    + block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "c2ln"},
    )
    + block(1, {"type": "redacted_thinking", "data": "eHh4"})
    + block(2, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Grüezi"})
    + block(
        3,
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
        {"type": "input_json_delta", "partial_json": ""},
        {"type": "input_json_delta", "partial_json": '{"city":'},
        {"type": "input_json_delta", "partial_json": '"Bern"}'},
    )
    + end("tool_use")
)


def parse(*chunks: bytes) -> list[Event]:
    parser = StreamParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.end()


def render(events: list[Event]) -> list[dict[str, Any]]:
    renderer = StreamRenderer(LABEL)
    written = b"".join([renderer.render(event) for event in events])
    return [msgspec.json.decode(sse.data_of(each)) for each in sse.frames(written)]


def test_the_published_example() -> None:
    assert parse(START + PING + TEXT + end()) == [
        ev.Started("msg_1", "claude-opus-4-1"),
        ev.PartStarted(0, 0, PartKind.TEXT),
        ev.TextDelta(0, 0, "Hello"),
        ev.TextDelta(0, 0, "!"),
        ev.PartEnded(0, 0),
        ev.UsageSeen(Usage(input_tokens=25, output_tokens=15)),
        ev.Finished(0, Reason.STOP),
        ev.Ended(),
    ]


def test_every_kind_of_block() -> None:
    (choice,) = gather(parse(FULL)).choices
    assert choice.reason is Reason.TOOL_CALLS
    assert choice.parts == [
        cv.Thinking("hm", "c2ln", "messages"),
        cv.RedactedThinking("eHh4", "messages"),
        cv.Text("Grüezi"),
        cv.ToolUse("toolu_1", "weather", '{"city":"Bern"}'),
    ]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_events_do_not_depend_on_where_the_bytes_are_cut(line_end: bytes) -> None:
    stream = FULL.replace(b"\n", line_end)
    whole = parse(FULL)
    for cut in range(len(stream)):
        assert parse(stream[:cut], stream[cut:]) == whole
    assert parse(*[stream[i : i + 1] for i in range(len(stream))]) == whole


def test_a_call_without_arguments_has_empty_ones() -> None:
    tool = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    (choice,) = gather(parse(START + block(0, tool) + end("tool_use"))).choices
    assert choice.tools == [cv.ToolUse("t", "f", "{}")]


def test_the_tool_for_json_is_text_again() -> None:
    tool = {"type": "tool_use", "id": "t", "name": JSON_TOOL, "input": {}}
    delta = {"type": "input_json_delta", "partial_json": '{"a":1}'}
    (choice,) = gather(parse(START + block(0, tool, delta) + end("tool_use"))).choices
    assert (choice.parts, choice.reason) == ([cv.Text('{"a":1}')], Reason.STOP)


def test_blocks_and_events_that_nobody_knows_are_passed_over() -> None:
    odd = block(0, {"type": "server_tool_use", "id": "s"}, {"type": "odd_delta"}) + frame("odd")
    events = parse(START + odd + TEXT.replace(b'"index":0', b'"index":1') + end())
    assert events == parse(START + TEXT + end())


@pytest.mark.parametrize(
    "broken",
    [
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n',
        b"data: nonsense\n\n",
    ],
)
def test_nothing_follows_a_failure(broken: bytes) -> None:
    assert parse(START + broken + TEXT + end())[1:] == [ev.Failed()]


def test_a_stream_that_breaks_off_does_not_end() -> None:
    assert ev.Ended() not in parse(START + TEXT)
    assert not any(isinstance(event, ev.UsageSeen) for event in parse(START + TEXT))


@pytest.mark.parametrize("tail", [b"", b'event: message_stop\ndata: {"type":"message_stop"}'])
def test_the_last_frame_may_be_missing_or_cut_short(tail: bytes) -> None:
    stream = START + TEXT + end().removesuffix(frame("message_stop")) + tail
    assert parse(stream) == parse(START + TEXT + end())


def test_a_stream_of_its_own_comes_back_the_same() -> None:
    written = render(parse(FULL))
    given = [msgspec.json.decode(sse.data_of(each)) for each in sse.frames(FULL)]
    given = [each for each in given if each["type"] != "ping"]
    assert written[0]["message"].pop("usage")["input_tokens"] == 0
    message = given[0]["message"]
    del message["usage"]
    assert written[0]["message"] == {**message, "id": "msg_req_1", "model": "public"}
    empty = {"type": "input_json_delta", "partial_json": ""}
    assert written[1:-2] == [each for each in given[1:-2] if each.get("delta") != empty]
    assert written[-2]["delta"] == given[-2]["delta"]
    assert (written[-2]["usage"]["input_tokens"], written[-2]["usage"]["output_tokens"]) == (25, 15)
    assert written[-1] == {"type": "message_stop"}


def test_what_ends_the_stream_comes_with_its_end() -> None:
    renderer = StreamRenderer(LABEL)
    before = b"".join([renderer.render(event) for event in parse(FULL)[:-1]])
    assert b"message_delta" not in before
    last = renderer.render(ev.Ended())
    assert last.startswith(b"event: message_delta\n")
    assert last.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')


MIXED: list[Event] = [
    ev.Started("x"),
    ev.PartStarted(0, 0, PartKind.TEXT),
    ev.PartStarted(0, 1, PartKind.TEXT),  # never says anything
    ev.TextDelta(0, 0, "one"),
    ev.PartStarted(0, 2, PartKind.TOOL, "t1", "f"),
    ev.ArgumentsDelta(0, 2, '{"a"'),
    ev.TextDelta(0, 0, " two"),
    ev.PartStarted(0, 3, PartKind.TOOL, "t2", "g", origin="gemini"),
    ev.ArgumentsDelta(0, 3, "{}"),
    ev.SignatureDelta(0, 3, "c2ln"),
    ev.ArgumentsDelta(0, 2, ":1}"),
    ev.TextDelta(0, 0, " three"),
    ev.PartEnded(0, 3),
    ev.PartEnded(0, 2),
    ev.PartEnded(0, 1),
    ev.Finished(0, Reason.TOOL_CALLS),
    ev.UsageSeen(Usage(3, 0, 5)),
    ev.Ended(),
]


def test_mixed_parts_become_blocks_in_a_row() -> None:
    written = render(MIXED)
    indexes = [each["index"] for each in written if "index" in each]
    assert indexes == sorted(indexes)
    starts = [each for each in written if each["type"] == "content_block_start"]
    stops = [each for each in written if each["type"] == "content_block_stop"]
    assert [each["index"] for each in starts] == [each["index"] for each in stops]
    renderer = StreamRenderer(LABEL)
    stream = b"".join([renderer.render(event) for event in MIXED])
    (choice,) = gather(parse(stream)).choices
    assert choice.parts == [
        cv.Text("one"),
        cv.ToolUse("t1", "f", '{"a":1}'),
        cv.Text(" two three"),
        cv.ToolUse("t2", "g", "{}"),
        cv.RedactedThinking("gemini#c2ln", "messages"),
    ]


def test_parts_that_never_ended_are_closed_with_the_choice() -> None:
    left_open: list[Event] = [event for event in MIXED if not isinstance(event, ev.PartEnded)]
    assert render(left_open) == render(MIXED)


def test_an_answer_without_parts_is_still_a_message() -> None:
    events: list[Event] = [ev.Started("x"), ev.Finished(0, Reason.REFUSAL), ev.Ended()]
    written = render(events)
    assert [each["type"] for each in written] == ["message_start", "message_delta", "message_stop"]
    assert written[1]["delta"]["stop_reason"] == "refusal"
    assert written[1]["usage"]["output_tokens"] == 0


def test_a_failure_is_left_to_the_relay() -> None:
    assert StreamRenderer(LABEL).render(ev.Failed()) == b""


def test_foreign_thoughts_keep_their_origin() -> None:
    events: list[Event] = [
        ev.Started("x"),
        ev.PartStarted(0, 0, PartKind.THINKING, "rs_1", origin="responses"),
        ev.ThinkingDelta(0, 0, "hm"),
        ev.SignatureDelta(0, 0, "ZW5j"),
        ev.PartEnded(0, 0),
    ]
    assert render(events)[3]["delta"]["signature"] == "responses:rs_1#ZW5j"
