"""What an OpenAI stream says of usage, errors and its end; what of it the client gets to see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.proxy import sse
from relay.proxy.dialects.chat.wire import StreamReader
from relay.proxy.types import Usage
from tests.relay.proxy.test_sse_frames import cut

ROLE = b'{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null}'
HELLO = b'{"choices":[{"index":0,"delta":{"content":"Hello"}}],"usage":null}'
STOP = b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}'
COUNTS = b'{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}'
USAGE = b'{"choices":[],"usage":' + COUNTS + b"}"
DONE = b"[DONE]"
EXPECTED = Usage(input_tokens=9, output_tokens=2)
# Text that looks like a frame that matters, but is what the model said.
TRICKS = (
    b'{"choices":[{"delta":{"content":"data: [DONE]\\n\\n[DONE]"}}]}',
    b'{"choices":[{"delta":{"content":"\\"usage\\":{\\"prompt_tokens\\":1}"}}]}',
    b'{"choices":[{"delta":{"content":"{\\"error\\": 1, \\"finish_reason\\":\\"stop\\"}"}}]}',
)


def stream(*datas: bytes, ending: bytes = b"\n\n") -> bytes:
    return b"".join(b"data: " + data + ending for data in datas)


def read(*chunks: bytes, wants_usage_frame: bool = False) -> tuple[StreamReader, bytes]:
    reader = StreamReader(wants_usage_frame=wants_usage_frame)
    return reader, b"".join([reader.feed(chunk) for chunk in chunks])


@pytest.mark.parametrize("ending", [b"\n\n", b"\r\n\r\n", b"\r\n\n", b"\n\r\n", b"\r\r"])
def test_a_stream_cut_at_any_byte_reads_the_same(ending: bytes) -> None:
    data = stream(ROLE, HELLO, *TRICKS, STOP, USAGE, DONE, ending=ending)
    expected = stream(ROLE, HELLO, *TRICKS, STOP, ending=ending)
    for place in range(len(data)):
        reader, passed = read(data[:place], data[place:])
        assert (passed, reader.usage, reader.is_complete) == (expected, EXPECTED, True)


def test_a_stream_that_comes_byte_by_byte_reads_the_same() -> None:
    data = stream(ROLE, HELLO, STOP, USAGE, DONE)
    reader, passed = read(*[data[at : at + 1] for at in range(len(data))])
    assert (passed, reader.usage) == (stream(ROLE, HELLO, STOP), EXPECTED)
    assert reader.delivered_tokens == 1


FRAMES = st.lists(
    st.sampled_from([ROLE, HELLO, STOP, USAGE, *TRICKS]).map(stream)
    | st.sampled_from([b": keep-alive\n\n", b": a\r\n\r\n", b"event: ping\ndata: {}\n\n", b"\n"]),
    max_size=8,
)


@given(FRAMES, st.booleans(), st.lists(st.integers(0, 2_000), max_size=12))
def test_what_goes_on_is_the_input_without_the_dropped_frames(
    frames: list[bytes], wants_usage_frame: bool, places: list[int]
) -> None:
    data = b"".join(frames) + b"data: cut off"
    reader, passed = read(*cut(data, places), wants_usage_frame=wants_usage_frame)
    kept = [f for f in frames if wants_usage_frame or f != stream(USAGE)]
    # A stray blank line belongs to the frame after it, which then is not recognised as dropped.
    assert passed == b"".join(kept) or b"\n" in frames
    assert reader.usage == (EXPECTED if stream(USAGE) in frames else None)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=12))
def test_any_bytes_at_all_are_passed_on_or_kept_back_unchanged(
    data: bytes, places: list[int]
) -> None:
    reader, passed = read(*cut(data, places))
    if not (reader.is_done or reader.has_error or reader.usage):
        assert data.startswith(passed)


def test_the_usage_frame_is_passed_on_to_whoever_asked() -> None:
    data = stream(HELLO, STOP, USAGE)
    reader, passed = read(data, wants_usage_frame=True)
    assert (passed, reader.usage) == (data, EXPECTED)


def test_usage_in_the_last_content_frame_is_read_and_the_frame_kept() -> None:
    last = STOP.replace(b'"usage":null', b'"usage":' + COUNTS)
    reader, passed = read(stream(HELLO, last, DONE))
    assert (passed, reader.usage, reader.is_complete) == (stream(HELLO, last), EXPECTED, True)


@pytest.mark.parametrize("trick", TRICKS)
def test_what_the_model_says_is_not_taken_for_the_protocol(trick: bytes) -> None:
    reader, passed = read(stream(trick, HELLO))
    assert passed == stream(trick, HELLO)
    assert (reader.is_done, reader.is_finished, reader.has_error) == (False, False, False)
    assert reader.usage is None


@pytest.mark.parametrize(
    "frame",
    [
        b'data: {"error":{"message":"sk-leaked"}}\n\n',
        b'data: {"error":"sk-leaked"}\n\n',
        b'event: error\ndata: {"error":{"message":"sk-leaked"}}\n\n',
        b'event: error\ndata: {"message":"sk-leaked"}\n\n',
        b'data: {"object":"error","message":"sk-leaked"}\n\n',
    ],
)
def test_an_error_event_ends_the_stream_and_is_kept_back(frame: bytes) -> None:
    reader, passed = read(stream(HELLO) + frame + stream(HELLO, DONE))
    assert (passed, reader.has_error, reader.is_complete) == (stream(HELLO), True, False)


def test_a_null_error_is_none() -> None:
    frame = stream(HELLO.replace(b'"usage":null', b'"error":null,"object":null'))
    reader, passed = read(frame)
    assert (passed, reader.has_error) == (frame, False)


@pytest.mark.parametrize(
    ("data", "is_complete"),
    [
        (stream(HELLO, STOP, DONE), True),
        (stream(HELLO, STOP), True),  # not every vendor sends [DONE]
        (stream(HELLO, STOP) + b"data: [DONE]", True),  # nor its blank line
        (stream(HELLO, STOP) + b"data: [DONE]\n", True),
        (stream(HELLO, DONE) + b"data: nonsense", True),
        (stream(HELLO), False),
        (stream(HELLO, STOP) + stream(USAGE)[:-9], False),
        (b"", False),
    ],
)
def test_a_stream_is_complete_at_its_end_and_not_before(data: bytes, is_complete: bool) -> None:
    assert read(data)[0].is_complete is is_complete


def test_nothing_goes_on_after_done() -> None:
    reader, passed = read(stream(HELLO, DONE, HELLO), stream(HELLO))
    assert passed == stream(HELLO)
    assert reader.delivered_tokens == 1


@pytest.mark.parametrize(
    "counts",
    [
        b'{"prompt_tokens":-1,"completion_tokens":2}',
        b'{"prompt_tokens":1,"completion_tokens":-2}',
        b'{"prompt_tokens":1.5,"completion_tokens":2}',
        b'{"prompt_tokens":"1","completion_tokens":2}',
        b'{"prompt_tokens":null,"completion_tokens":2}',
        b'{"prompt_tokens":1}',
        b'{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":2}}',
        b'{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":-1}}',
        b'{"prompt_tokens":1e400,"completion_tokens":2}',
        b"{}",
    ],
)
def test_usage_that_makes_no_sense_is_as_good_as_none(counts: bytes) -> None:
    reader, _ = read(stream(HELLO, b'{"choices":[],"usage":' + counts + b"}", DONE))
    assert (reader.usage, reader.is_done) == (None, True)


def test_cached_and_reasoning_tokens_get_their_own_buckets() -> None:
    counts = (
        b'{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":60},'
        b'"completion_tokens_details":{"reasoning_tokens":20}}'
    )
    reader, _ = read(stream(b'{"choices":[],"usage":' + counts + b"}"))
    assert reader.usage == Usage(40, 60, 50, 20)


def test_a_frame_beyond_the_bound_passes_and_the_rest_is_still_read() -> None:
    size = sse.FRAME_BYTES_MAX + 1
    big = b'{"choices":[{"delta":{"content":"' + b"x" * size + b'"}}]}'
    data = stream(big, STOP, USAGE, DONE)
    chunks = [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
    reader, passed = read(*chunks)
    assert passed == stream(big, STOP)
    assert (reader.usage, reader.is_complete) == (EXPECTED, True)


@pytest.mark.parametrize("count", [1, 7, 300])
def test_a_delta_of_a_few_letters_counts_as_one_token(count: int) -> None:
    assert read(stream(ROLE, *[HELLO] * count))[0].delivered_tokens == count


def test_long_deltas_count_by_their_length() -> None:
    long = HELLO.replace(b"Hello", b"word " * 100)
    assert read(stream(long))[0].delivered_tokens == 125
