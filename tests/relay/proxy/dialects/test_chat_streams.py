"""Chat streams, to and from events."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from relay.proxy import sse
from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.chat.stream import StreamParser, StreamRenderer
from relay.proxy.dialects.events import Event, PartKind, Reason
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

encode, decode = msgspec.json.encode, msgspec.json.decode


def chunk(delta: dict[str, Any] | None = None, reason: str | None = None, **more: Any) -> bytes:
    """A frame as OpenAI sends it, shortened."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": reason, **more}
    return sse.event(encode({"id": "c1", "model": "m", "created": 7, "choices": [choice]}))


USAGE = sse.event(b'{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}')
DONE = sse.event(b"[DONE]")
CALL = {"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}}
MORE = [{"index": 0, "function": {"arguments": text}} for text in ('{"a":', "1}")]

STREAM = b"".join(
    [
        b": a comment\n\n",
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "Hé"}),
        chunk({"content": "llo"}),
        chunk({"tool_calls": [CALL]}),
        *[chunk({"tool_calls": [piece]}) for piece in MORE],
        chunk(reason="tool_calls"),
        USAGE,
        DONE,
    ]
)
EVENTS: list[Event] = [
    ev.Started("c1", "m", 7),
    ev.PartStarted(0, 0, PartKind.THINKING, origin="chat"),
    ev.ThinkingDelta(0, 0, "hm"),
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
        assert read(StreamParser(), [stream[:99], stream[99:]]) == EVENTS


@settings(max_examples=50, deadline=None)
@given(answers(choices()))
def test_what_is_rendered_reads_as_the_same_answer(whole: Whole) -> None:
    stream = written(StreamRenderer(LABEL), spread(whole))
    again = gather(read(StreamParser(), [stream]))
    assert (again.choices, again.usage) == (whole.choices, whole.usage)


@pytest.mark.parametrize(
    "frame",
    [
        b'data: {"error":{"message":"overloaded"}}\n\n',
        b'event: error\ndata: {"message":"overloaded"}\n\n',
        b'data: {"object":"error","message":"overloaded"}\n\n',
        b'data: {"choi\n\n',
    ],
)
def test_a_broken_stream_fails_and_says_no_more(frame: bytes) -> None:
    events = read(StreamParser(), [chunk({"content": "x"}), frame, chunk({"content": "y"}), DONE])
    assert events[-1] == ev.Failed()
    assert gather(events).choices[0].text == "x"


def test_a_finish_reason_will_do_where_no_done_comes() -> None:
    assert read(StreamParser(), [chunk({"content": "x"}, "stop")])[-1] == ev.Ended()
    assert ev.Ended() not in read(StreamParser(), [chunk({"content": "x"})])
    assert ev.Ended() not in read(StreamParser(), [chunk({"content": "x"}, "stop"), b"data: {"])


def test_a_done_ends_what_was_open() -> None:
    assert read(StreamParser(), [chunk({"content": "x"}), b"data: [DONE]"])[-3:] == [
        ev.PartEnded(0, 0),
        ev.Finished(0, Reason.STOP),
        ev.Ended(),
    ]


def test_choices_are_told_apart() -> None:
    frames = [
        sse.event(encode({"choices": [{"index": n, "delta": {"content": text}}]}))
        for n, text in ((0, "a"), (1, "b"), (0, "c"), (1, "d"))
    ]
    whole = gather(read(StreamParser(), [*frames, DONE]))
    assert [choice.text for choice in whole.choices] == ["ac", "bd"]


def test_calls_without_numbers_follow_each_other() -> None:
    calls = [
        {"function": {"name": "f", "arguments": "{"}},
        {"function": {"arguments": "}"}},
        {"function": {"name": "g", "arguments": "{}"}},
    ]
    frames = [chunk({"tool_calls": [call]}) for call in calls]
    f, g = gather(read(StreamParser(), [*frames, DONE])).choices[0].tools
    assert (f.name, f.arguments, g.name, g.arguments) == ("f", "{}", "g", "{}")
    assert f.id != g.id


def test_signed_reasoning_goes_through() -> None:
    thought = cv.Thinking("summed up", "b3BhcXVl", "responses", "rs_1")
    hidden = cv.RedactedThinking("eA==", "messages")
    call = cv.ToolUse("t", "f", "{}", "c2ln", "gemini")
    whole = Whole(choices=[Choice([thought, hidden, cv.Text("x"), call], Reason.TOOL_CALLS)])
    stream = written(StreamRenderer(LABEL), spread(whole))
    assert gather(read(StreamParser(), [stream])).choices == whole.choices


def test_pictures_and_log_probabilities_go_through() -> None:
    tokens = (ev.TokenLogprob("x", -0.5, (120,)),)
    image = cv.Image(data="aGk=", media_type="image/png")
    whole = Whole(choices=[Choice([cv.Text("x"), image], logprobs=tokens)])
    stream = written(StreamRenderer(LABEL), spread(whole))
    assert gather(read(StreamParser(), [stream])).choices == whole.choices


def test_a_picture_may_be_large() -> None:
    url = "data:image/png;base64," + "A" * 2_000_000
    frame = chunk({"images": [{"type": "image_url", "image_url": {"url": url}}]})
    whole = gather(read(StreamParser(), [frame[:1_500_000], frame[1_500_000:], DONE]))
    assert whole.choices[0].parts == [cv.Image(data="A" * 2_000_000, media_type="image/png")]


def test_the_client_gets_one_role_and_one_reason_per_choice() -> None:
    stream = written(StreamRenderer(LABEL), spread(Whole(choices=[Choice([cv.Text("Hi")])])))
    *frames, done = [sse.data_of(frame) for frame in sse.frames(stream)]
    chunks = [decode(frame) for frame in frames]
    assert done == b"[DONE]"
    assert [c["choices"][0]["delta"] for c in chunks] == [
        {"role": "assistant", "content": ""},
        {"content": "Hi"},
        {},
    ]
    assert [c["choices"][0]["finish_reason"] for c in chunks] == [None, None, "stop"]
    assert {(c["id"], c["model"], c["created"]) for c in chunks} == {
        ("chatcmpl-42", "public", 1_700_000_000)
    }


def test_usage_comes_with_the_end_and_only_if_wanted() -> None:
    renderer = StreamRenderer(LABEL)
    assert renderer.render(ev.UsageSeen(Usage(output_tokens=1))) == b""
    last = renderer.render(ev.Ended())
    assert decode(sse.data_of(sse.frames(last)[0]))["usage"]["completion_tokens"] == 1
    silent = ev.Label("42", "public", 0, cv.Conversation("public", ()))
    assert written(StreamRenderer(silent), [ev.UsageSeen(Usage()), ev.Ended()]) == DONE
