"""Messages answers that pass through: what is handed on, what is read, what is held back."""

from typing import Any

import msgspec
import pytest

from relay.proxy import sse
from relay.proxy.dialects.messages.wire import StreamReader, read_answer
from relay.proxy.types import Usage


def frame(name: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (
        name.encode(),
        msgspec.json.encode({"type": name, **fields}),
    )


def delta(text: str) -> bytes:
    more = {"type": "text_delta", "text": text}
    return frame("content_block_delta", index=0, delta=more)


USAGE = {"input_tokens": 25, "cache_read_input_tokens": 5, "output_tokens": 1}
START = frame("message_start", message={"type": "message", "content": [], "usage": USAGE})
BLOCK = frame("content_block_start", index=0, content_block={"type": "text", "text": ""})
# What the model says may look like the end, or like an error.
TRAPS = delta('"usage":{"output_tokens":9},"type":"message_stop","stop_reason":"x"\nevent: error\n')
MIDDLE = BLOCK + delta("Hello") + frame("ping") + TRAPS + frame("content_block_stop", index=0)
FINISH = frame(
    "message_delta",
    delta={"stop_reason": "end_turn", "stop_sequence": None},
    usage={"output_tokens": 15},
)
STOP = frame("message_stop", extra=1)
ERROR = frame("error", error={"type": "overloaded_error", "message": "Overloaded"})
BEFORE_STOP = START + MIDDLE + FINISH
WHOLE = BEFORE_STOP + STOP


def read(*chunks: bytes) -> tuple[bytes, StreamReader]:
    reader = StreamReader()
    return b"".join([reader.feed(chunk) for chunk in chunks]), reader


def state(reader: StreamReader) -> tuple[Any, ...]:
    flags = (reader.is_done, reader.is_finished, reader.has_error, reader.has_output)
    return (*flags, reader.usage, reader.delivered_tokens, reader.is_complete, reader.last)


def test_everything_passes_but_the_last_frame() -> None:
    passed, reader = read(WHOLE)
    assert passed == BEFORE_STOP
    assert reader.last == STOP
    assert reader.is_done
    assert reader.is_complete
    assert reader.usage == Usage(input_tokens=25, cached_input_tokens=5, output_tokens=15)
    assert not reader.has_overlong


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_it_does_not_matter_where_the_bytes_are_cut(line_end: bytes) -> None:
    stream = WHOLE.replace(b"\n", line_end)
    passed, reader = read(stream)
    for cut in range(len(stream)):
        passed_in_two, reader_of_two = read(stream[:cut], stream[cut:])
        assert passed_in_two == passed
        assert state(reader_of_two) == state(reader)
    passed_singly, reader_of_bytes = read(*[stream[i : i + 1] for i in range(len(stream))])
    assert (passed_singly, state(reader_of_bytes)) == (passed, state(reader))


def test_nothing_passes_after_the_end() -> None:
    passed, reader = read(WHOLE + delta("more"), delta("and more"))
    assert passed == BEFORE_STOP
    assert reader.is_complete


@pytest.mark.parametrize("tail", [b"", b'event: message_stop\ndata: {"type":"message_stop"}'])
def test_the_last_frame_may_be_missing_or_cut_short(tail: bytes) -> None:
    passed, reader = read(BEFORE_STOP + tail)
    assert passed == BEFORE_STOP
    assert (reader.is_done, reader.is_complete) == (False, True)
    assert reader.last == frame("message_stop")


@pytest.mark.parametrize("stream", [b"", START, START + MIDDLE, BEFORE_STOP + b"event: mess"])
def test_a_stream_that_breaks_off_is_not_complete(stream: bytes) -> None:
    assert not read(stream)[1].is_complete


@pytest.mark.parametrize(
    "error", [ERROR, b"event: error\ndata: no JSON\n\n", b'data: {"type": "error"}\n\n']
)
def test_an_error_is_kept_from_the_client(error: bytes) -> None:
    passed, reader = read(START + MIDDLE + error + FINISH + STOP)
    assert passed == START + MIDDLE
    assert reader.has_error
    assert not reader.is_complete


def test_output_begins_with_the_first_block() -> None:
    reader = StreamReader()
    reader.feed(START + frame("ping"))
    assert not reader.has_output
    reader.feed(BLOCK)
    assert reader.has_output


def test_an_answer_without_blocks_is_output_too() -> None:
    assert read(START + FINISH)[1].has_output


def test_delivered_output_is_counted_by_deltas() -> None:
    thinking = {"type": "thinking_delta", "thinking": "hm"}
    call = {"type": "input_json_delta", "partial_json": '{"a'}
    empty = {"type": "input_json_delta", "partial_json": ""}
    deltas = [frame("content_block_delta", index=0, delta=each) for each in (thinking, call, empty)]
    assert read(START + BLOCK + delta("Hello") + b"".join(deltas))[1].delivered_tokens == 3


def test_usage_of_a_stream_that_has_only_begun_is_an_estimate() -> None:
    _, reader = read(START + BLOCK + delta("Hello") * 20)
    assert reader.usage == Usage(25, 5, 20, is_estimated=True)


def test_usage_that_makes_no_sense_is_none() -> None:
    nonsense = FINISH.replace(b'"output_tokens":15', b'"output_tokens":-15')
    assert read(START + MIDDLE + nonsense + STOP)[1].usage is None


def test_a_frame_that_is_too_long_passes_in_pieces() -> None:
    long = delta("x" * sse.FRAME_BYTES_MAX)
    passed, reader = read(START, long[:-1], long[-1:], FINISH + STOP)
    assert passed == START + long + FINISH
    assert reader.has_overlong


def answer(**changes: Any) -> bytes:
    body = {"type": "message", "content": [], "usage": {"input_tokens": 1, "output_tokens": 2}}
    return msgspec.json.encode({**body, **changes})


def test_whole_answers() -> None:
    good = read_answer(answer())
    assert (good.is_valid, good.usage) == (True, Usage(input_tokens=1, output_tokens=2))
    assert read_answer(answer(usage=None)).usage is None
    assert read_answer(answer(usage=None)).is_valid
    for body in (b"", b"[]", b"{}", answer(type="error"), answer(content=None)):
        assert not read_answer(body).is_valid
