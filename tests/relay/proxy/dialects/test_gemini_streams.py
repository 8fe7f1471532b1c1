"""Gemini streams: however their bytes are cut the events are the same, and they are written for
clients as server-sent events or as one JSON array."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.proxy import sse
from relay.proxy.causes import Cause
from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.chat import answer as chat_answer
from relay.proxy.dialects.chat import request as chat_request
from relay.proxy.dialects.events import Event, PartKind, Reason
from relay.proxy.dialects.gemini import answer, answer_shapes, request
from relay.proxy.dialects.gemini.stream import StreamParser, StreamRenderer
from relay.proxy.dialects.whole import Choice, Whole, gather, spread
from relay.proxy.errors import Framing
from relay.proxy.types import Usage

LABEL = ev.Label("req1", "public", 5, cv.Conversation("public", ()))
HEAD = {"modelVersion": "gemini-2.5-flash", "responseId": "r1"}


def chunk(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A chunk of one candidate."""
    ended = {"finishReason": more.pop("reason")} if "reason" in more else {}
    content = {"parts": parts, "role": "model"}
    return {"candidates": [{"content": content, "index": 0, **ended}], **more, **HEAD}


CHUNKS = [
    chunk({"text": "Let me", "thought": True}, usageMetadata={"promptTokenCount": 4}),
    chunk({"text": " see.", "thought": True}),
    chunk({"text": "It is "}),
    chunk({"text": "5 °C."}),
    chunk({"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"}),
    chunk(
        {"text": ""},
        reason="STOP",
        usageMetadata={"promptTokenCount": 4, "candidatesTokenCount": 9, "thoughtsTokenCount": 3},
    ),
]


def frames(chunks: Iterable[dict[str, Any]], end: bytes = b"\r\n") -> bytes:
    """The stream of these chunks."""
    return b"".join([b"data: " + msgspec.json.encode(one) + end + end for one in chunks])


def events_of(pieces: Sequence[bytes]) -> list[Event]:
    """What a parser tells of these bytes, the end included."""
    parser = StreamParser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.end()


def test_the_events_of_a_stream() -> None:
    assert events_of([frames(CHUNKS)]) == [
        ev.Started("r1", "gemini-2.5-flash"),
        ev.PartStarted(0, 0, PartKind.THINKING, origin="gemini"),
        ev.ThinkingDelta(0, 0, "Let me"),
        ev.UsageSeen(Usage(input_tokens=4)),
        ev.ThinkingDelta(0, 0, " see."),
        ev.PartEnded(0, 0),
        ev.PartStarted(0, 1, PartKind.TEXT),
        ev.TextDelta(0, 1, "It is "),
        ev.TextDelta(0, 1, "5 °C."),
        ev.PartEnded(0, 1),
        ev.PartStarted(0, 2, PartKind.TOOL, id="call_r1_0", name="f", origin="gemini"),
        ev.ArgumentsDelta(0, 2, "{}"),
        ev.SignatureDelta(0, 2, "c2ln"),
        ev.PartEnded(0, 2),
        ev.UsageSeen(Usage(input_tokens=4, output_tokens=12, reasoning_tokens=3)),
        ev.Finished(0, Reason.TOOL_CALLS),
        ev.Ended(),
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_cut_at_any_byte_changes_nothing(end: bytes) -> None:
    whole = frames(CHUNKS, end)
    expected = events_of([whole])
    for cut in range(1, len(whole)):
        assert events_of([whole[:cut], whole[cut:]]) == expected


def test_bytes_one_by_one_change_nothing() -> None:
    whole = frames(CHUNKS)
    assert events_of([bytes([byte]) for byte in whole]) == events_of([whole])


def test_a_last_frame_may_lack_its_blank_line() -> None:
    assert events_of([frames(CHUNKS).rstrip()])[-1] == ev.Ended()


def test_a_stream_that_breaks_off_does_not_end() -> None:
    whole = frames(CHUNKS)
    assert not any(isinstance(event, ev.Ended) for event in events_of([frames(CHUNKS[:-1])]))
    assert events_of([whole[:-40]])[-1] == ev.Failed()
    assert not any(isinstance(event, ev.Ended) for event in events_of([whole + b"dat"]))


def test_every_candidate_must_finish() -> None:
    second = {"content": {"parts": [{"text": "b"}]}, "index": 1}
    chunks = [{"candidates": [second], **HEAD}, *CHUNKS]
    assert not any(isinstance(event, ev.Ended) for event in events_of([frames(chunks)]))


@pytest.mark.parametrize("bad", [{"error": {"code": 503, "message": "secret"}}, []])
def test_an_error_in_the_stream_is_a_failure(bad: Any) -> None:
    body = frames([*CHUNKS[:1], bad, *CHUNKS[1:]])
    events = events_of([body])
    assert events[-1] == ev.Failed(Cause.UPSTREAM_ERROR)
    assert events[:-1] == events_of([frames(CHUNKS[:1])])


def test_a_blocked_prompt_ends() -> None:
    events = events_of([frames([{"promptFeedback": {"blockReason": "SAFETY"}, **HEAD}])])
    assert events[-2:] == [ev.Finished(0, Reason.CONTENT_FILTER), ev.Ended()]


def test_comments_and_done_marks_of_other_vendors_are_nothing() -> None:
    body = b": hi\n\n" + frames(CHUNKS) + b"data: [DONE]\n\n"
    assert events_of([body]) == events_of([frames(CHUNKS)])


def test_a_large_picture_is_one_frame() -> None:
    data = "A" * (sse.FRAME_BYTES_MAX + 4)
    assert len(data) < answer_shapes.FRAME_BYTES_MAX
    body = frames([chunk({"inlineData": {"mimeType": "image/png", "data": data}}, reason="STOP")])
    whole = gather(events_of([body[:100], body[100:]]))
    assert whole.choices[0].parts == [cv.Image(data=data, media_type="image/png")]


def written(events: Iterable[Event], framing: Framing) -> tuple[list[bytes], bytes]:
    """What the client gets, event by event, and what waits for the settlement."""
    renderer = StreamRenderer(LABEL, framing)
    pieces = [renderer.render(event) for event in events]
    return pieces[:-1], pieces[-1]


def test_chunks_for_the_client() -> None:
    pieces, last = written(events_of([frames(CHUNKS)]), Framing.SSE)
    chunks = [msgspec.json.decode(sse.data_of(piece)) for piece in pieces if piece]
    parts = [one["candidates"][0]["content"]["parts"][0] for one in chunks]
    assert parts == [
        {"text": "Let me", "thought": True},
        {"text": " see.", "thought": True},
        {"text": "It is "},
        {"text": "5 °C."},
        {
            "functionCall": {"id": "call_r1_0", "name": "f", "args": {}},
            "thoughtSignature": "c2ln",
        },
    ]
    assert all((one["modelVersion"], one["responseId"]) == ("public", "req1") for one in chunks)
    end = msgspec.json.decode(sse.data_of(last))
    assert end["candidates"][0]["finishReason"] == "STOP"
    assert end["usageMetadata"]["thoughtsTokenCount"] == 3


def test_an_array_opens_with_the_first_chunk_and_closes_with_the_last() -> None:
    pieces, last = written(events_of([frames(CHUNKS)]), Framing.ARRAY_START)
    body = b"".join(pieces) + last
    items = msgspec.json.decode(body)
    assert len(items) == 6
    assert last.endswith(b"]")
    assert items[-1]["candidates"][0]["finishReason"] == "STOP"


def test_the_renderer_knows_how_far_its_array_got() -> None:
    renderer = StreamRenderer(LABEL, Framing.ARRAY_START)
    assert renderer.render(ev.Started("a")) == b""
    assert renderer.framing is Framing.ARRAY_START
    renderer.render(ev.TextDelta(0, 0, "a"))
    assert renderer.framing is Framing.ARRAY_GOES_ON


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
PARTS = (
    st.builds(cv.Text, TEXTS)
    | st.builds(cv.Thinking, TEXTS, st.just(""), st.just("gemini"))
    | st.builds(cv.RedactedThinking, st.just("c2ln"), st.just("gemini"))
    | st.builds(
        cv.ToolUse,
        TEXTS,
        TEXTS,
        st.just('{"a":1}'),
        st.sampled_from(["", "c2ln"]),
        st.just("gemini"),
    )
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=4), st.sampled_from([Framing.SSE]))
def test_what_is_written_reads_as_the_same_answer(parts: list[Any], framing: Framing) -> None:
    reason = Reason.LENGTH
    whole = Whole("r", "m", 0, [Choice(list(parts), reason)], Usage(output_tokens=1))
    pieces, last = written(spread(whole), framing)
    again = gather(events_of([*pieces, last]))
    assert again.usage == whole.usage
    assert [choice.reason for choice in again.choices] == [reason]
    for name in ("text", "thinking"):
        assert getattr(again.choices[0], name) == getattr(whole.choices[0], name)
    assert again.choices[0].tools == whole.choices[0].tools


def test_signatures_survive_the_way_through_chat() -> None:
    chunks = [
        chunk({"text": "Let me see.", "thought": True}),
        chunk(
            {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"}, reason="STOP"
        ),
    ]
    events = events_of([frames(chunks)])
    body = msgspec.json.decode(chat_answer.render(events, LABEL))
    message = body["choices"][0]["message"]
    call_id = message["tool_calls"][0]["id"]
    told = {"role": "tool", "tool_call_id": call_id, "content": "5"}
    ask = {"model": "public", "messages": [{"role": "user", "content": "Hi"}, message, told]}
    asked = chat_request.parse(msgspec.json.encode(ask))
    sent = msgspec.json.decode(request.render(asked, "gemini-3-flash"))
    assert sent["contents"][1]["parts"] == [
        {"text": "Let me see.", "thought": True},
        {"functionCall": {"id": call_id, "name": "f", "args": {}}, "thoughtSignature": "c2ln"},
    ]


def test_signatures_of_anthropic_survive_the_way_through_gemini() -> None:
    said = [cv.Thinking("Hm.", "c2ln", "messages"), cv.ToolUse("t1", "f", "{}")]
    events = spread(Whole("r", "m", 0, [Choice(list(said), Reason.TOOL_CALLS)]))
    body = msgspec.json.decode(answer.render(events, LABEL))
    shown = body["candidates"][0]["content"]
    result = {"functionResponse": {"id": "t1", "name": "f", "response": {"output": "5"}}}
    ask = {"contents": [shown, {"role": "user", "parts": [result]}]}
    asked = request.parse(msgspec.json.encode(ask), model="public", is_stream=False)
    assert asked.messages[0].parts == tuple(said)
