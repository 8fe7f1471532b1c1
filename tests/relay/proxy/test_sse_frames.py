"""Where server-sent events end, however the bytes are cut."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.proxy import sse

ENDINGS = [b"\n\n", b"\r\n\r\n", b"\n\r\n", b"\r\n\n"]
LINES = st.sampled_from(
    [b"data: {}", b": note", b"data:x", b"event: e\ndata: y", b"id: 1\r\ndata: z"]
)
FRAMES = st.lists(st.tuples(LINES, st.sampled_from(ENDINGS)).map(b"".join), max_size=6)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in pieces that end at `places`."""
    bounds = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(bounds)]


@given(FRAMES, st.binary(max_size=20), st.lists(st.integers(0, 500), max_size=20))
def test_no_byte_is_lost_or_changed(frames: list[bytes], rest: bytes, places: list[int]) -> None:
    data = b"".join(frames) + rest
    buffer = sse.FrameBuffer()
    passed = b"".join(buffer.feed(piece) for piece in cut(data, places))
    assert passed + buffer.tail == data


@given(FRAMES, st.lists(st.integers(0, 500), max_size=20))
def test_whole_frames_go_on_at_once_and_only_they(frames: list[bytes], places: list[int]) -> None:
    buffer, fed, passed = sse.FrameBuffer(), b"", b""
    for piece in cut(b"".join(frames), places):
        fed += piece
        passed += buffer.feed(piece)
        ends = [match.end() for match in re.finditer(rb"\n\r?\n", fed)]
        assert len(passed) == (ends[-1] if ends else 0)


@pytest.mark.parametrize("ending", [*ENDINGS, b"\r\r"])
def test_every_kind_of_blank_line_ends_a_frame(ending: bytes) -> None:
    assert sse.FrameBuffer().feed(b"data: x" + ending) == b"data: x" + ending


def test_a_lone_return_ends_a_line_once_it_is_seen_to_be_one() -> None:
    buffer = sse.FrameBuffer()
    assert buffer.feed(b"data: x\n\r") == b""
    assert buffer.feed(b"data: y\n") == b"data: x\n\r"
    assert buffer.tail == b"data: y\n"


@pytest.mark.parametrize("text", [b"data: x\n", b"data: x\r\n", b"data: x\r\ndata: y\r\n", b"a\r"])
def test_one_line_end_ends_no_frame(text: bytes) -> None:
    assert sse.FrameBuffer().feed(text) == b""


def test_a_frame_beyond_the_bound_is_passed_on_unread() -> None:
    buffer, half = sse.FrameBuffer(), b"x" * (sse.FRAME_BYTES_MAX // 2 + 1)
    assert buffer.feed(half) == b""
    assert buffer.feed(half) == half * 2
    assert buffer.tail == b""
    assert buffer.has_overlong


def test_a_block_falls_apart_into_its_frames() -> None:
    block = b": note\n\ndata: a\r\n\r\ndata: b\ndata: c\n\n"
    assert sse.frames(block) == [b": note\n\n", b"data: a\r\n\r\n", b"data: b\ndata: c\n\n"]


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        (b"data: x\n\n", b"x"),
        (b"data:x\n\n", b"x"),
        (b"data:  x\n\n", b" x"),
        (b"event: e\r\ndata: x\r\n\r\n", b"x"),
        (b"data: a\ndata: b\n\n", b"a\nb"),
        (b": data: x\n\n", b""),
        (b"database: x\n\n", b""),
    ],
)
def test_the_data_of_a_frame_is_its_data_lines(frame: bytes, data: bytes) -> None:
    assert sse.data_of(frame) == data
