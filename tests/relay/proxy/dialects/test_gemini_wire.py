"""Gemini answers that pass through: bytes stay as they are, usage and the end are seen."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from relay.proxy.dialects.gemini.wire import StreamReader, read_answer
from relay.proxy.errors import Framing
from relay.proxy.types import Usage


def chunk(text: str, **more: Any) -> dict[str, Any]:
    """A chunk that says a text."""
    reason = {"finishReason": more.pop("reason")} if "reason" in more else {}
    content = {"parts": [{"text": text}], "role": "model"}
    return {"candidates": [{"content": content, **reason, "index": 0}], **more}


USAGE = {"promptTokenCount": 4, "candidatesTokenCount": 9, "thoughtsTokenCount": 3}
CHUNKS = [
    chunk("It is ", usageMetadata={"promptTokenCount": 4}),
    chunk('5 °C, "warm".'),
    chunk("", reason="STOP", usageMetadata=USAGE),
]
FINAL = Usage(input_tokens=4, output_tokens=12, reasoning_tokens=3)


def frames(*chunks: Any, end: bytes = b"\r\n\r\n") -> bytes:
    """The upstream's stream of these chunks."""
    return b"".join([b"data: " + msgspec.json.encode(one) + end for one in chunks])


def passed(pieces: Sequence[bytes], framing: Framing = Framing.SSE) -> tuple[StreamReader, bytes]:
    """The reader at the end of these bytes, and what the client got of it."""
    reader = StreamReader(framing=framing)
    given = b"".join([reader.feed(piece) for piece in pieces])
    return reader, given + reader.feed(b"")


def test_bytes_go_on_as_they_are() -> None:
    whole = frames(*CHUNKS)
    reader, given = passed([whole])
    assert (given, reader.last) == (whole, b"")
    assert reader.usage == FINAL
    assert reader.is_complete
    assert reader.has_output
    assert reader.delivered_tokens > 0


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_a_cut_at_any_byte_changes_nothing(end: bytes) -> None:
    whole = frames(*CHUNKS, end=end)
    for cut in range(1, len(whole)):
        reader, given = passed([whole[:cut], whole[cut:]])
        assert given == whole
        assert (reader.usage, reader.is_complete) == (FINAL, True)


def test_an_array_for_who_did_not_ask_for_events() -> None:
    whole = frames(*CHUNKS)
    for cut in range(1, len(whole)):
        reader, given = passed([whole[:cut], whole[cut:]], Framing.ARRAY_START)
        assert msgspec.json.decode(given + reader.last) == CHUNKS
        assert reader.last == b"]"
        assert reader.framing is Framing.ARRAY_GOES_ON


def test_an_array_without_items_is_empty() -> None:
    assert passed([], Framing.ARRAY_START)[0].last == b"[]"


def test_a_chunk_is_never_held_back_for_the_next() -> None:
    reader = StreamReader(framing=Framing.ARRAY_START)
    first = frames(CHUNKS[0])
    assert reader.feed(first) == b"[" + msgspec.json.encode(CHUNKS[0])


def test_a_last_frame_may_lack_its_blank_line() -> None:
    whole = frames(*CHUNKS).rstrip()
    reader, given = passed([whole])
    assert given.rstrip() == whole
    assert (reader.usage, reader.is_complete) == (FINAL, True)


def test_a_stream_that_breaks_off_is_not_complete() -> None:
    assert not passed([frames(*CHUNKS[:2])])[0].is_complete
    cut = passed([frames(*CHUNKS)[:-30]])[0]
    assert not cut.is_complete
    assert cut.usage is not None
    assert cut.usage.is_estimated
    assert cut.usage.output_tokens == cut.delivered_tokens


def test_an_error_is_kept_from_the_client() -> None:
    error = {"error": {"code": 503, "message": "secret", "status": "UNAVAILABLE"}}
    reader, given = passed([frames(CHUNKS[0], error, *CHUNKS[1:])])
    assert given == frames(CHUNKS[0])
    assert reader.has_error
    assert not reader.is_complete


def test_arguments_that_look_like_an_end_are_none() -> None:
    args = {"finishReason": "STOP", "error": {"a": 1}, "usageMetadata": {"promptTokenCount": 99}}
    call = {"functionCall": {"name": "f", "args": args}}
    odd = {"candidates": [{"content": {"parts": [call]}}]}
    reader, given = passed([frames(odd)])
    assert given == frames(odd)
    assert (reader.has_error, reader.is_finished, reader.usage) == (False, False, None)


def test_a_blocked_prompt_is_an_answer() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": USAGE}
    reader, _ = passed([frames(blocked)])
    assert (reader.has_output, reader.is_complete, reader.usage) == (True, True, FINAL)


def test_the_end_mark_of_other_vendors_does_not_reach_the_client() -> None:
    reader, given = passed([frames(*CHUNKS) + b"data: [DONE]\n\n"])
    assert given == frames(*CHUNKS)
    assert reader.is_complete


def test_nothing_is_no_answer() -> None:
    reader, given = passed([b": comment\n\n"])
    assert given == b": comment\n\n"
    assert (reader.has_output, reader.is_complete) == (False, False)


@pytest.mark.parametrize(
    ("body", "is_valid", "usage"),
    [
        (msgspec.json.encode(CHUNKS[2]), True, FINAL),
        (b'{"candidates":[{}]}', True, None),
        (b'{"candidates":[]}', False, None),
        (b'{"promptFeedback":{"blockReason":"SAFETY"}}', True, None),
        (b'{"error":{"code":500}}', False, None),
        (b"[]", False, None),
        (b"<html>", False, None),
    ],
)
def test_whole_answers(body: bytes, is_valid: bool, usage: Usage | None) -> None:
    answer = read_answer(body)
    assert (answer.is_valid, answer.usage) == (is_valid, usage)
