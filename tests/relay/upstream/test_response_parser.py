"""Responses parse the same however the network cuts them, and broken ones never pass."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.proxy.upstream.errors import (
    ConnectionReset,
    IncompleteBody,
    ProtocolError,
    UpstreamError,
)
from relay.proxy.upstream.response_parser import HEAD_BYTES_MAX, Incoming, ResponseParser

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def parse(*pieces: bytes, head_only: bool = False, eof: bool = True) -> Incoming:
    parser = ResponseParser()
    incoming = parser.expect(head_only=head_only)
    for piece in pieces:
        parser.feed(piece)
    if eof:
        parser.feed_eof()
    return incoming


GOOD = {
    "length": (OK + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
    "empty": (OK + b"Content-Length: 0\r\n\r\n", b"", True),
    "chunked": (OK + CHUNKED + b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", b"abc0123456789", True),
    "chunk extensions": (OK + CHUNKED + b'3;a=b;c="d"\r\nabc\r\n0;x\r\n\r\n', b"abc", True),
    "trailers": (OK + CHUNKED + b"1\r\na\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", b"a", True),
    "until close": (OK + b"X-A: b\r\n\r\nto the end", b"to the end", False),
    "close announced": (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"", True),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK
                + b"Content-Length: 2\r\n\r\nok", b"ok", True),
    "odd status": (b"HTTP/1.1 529 Overloaded\r\nContent-Length: 2\r\n\r\nno", b"no", True),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_response_parses_the_same_split_at_every_byte(name: str) -> None:
    raw, body, reusable = GOOD[name]
    whole = parse(raw)
    for cut in range(1, len(raw)):
        incoming = parse(raw[:cut], raw[cut:])
        assert (incoming.status, incoming.headers) == (whole.status, whole.headers)
        assert incoming.ended
        assert incoming.reusable is reusable
        assert incoming.take() == body
    byte_by_byte = parse(*(raw[i : i + 1] for i in range(len(raw))))
    assert (byte_by_byte.headers, byte_by_byte.take()) == (whole.headers, body)


@pytest.mark.parametrize("name", [name for name in GOOD if name != "until close"])
def test_a_response_cut_short_is_never_taken_for_whole(name: str) -> None:
    raw, _, _ = GOOD[name]
    for cut in range(len(raw)):
        with pytest.raises(UpstreamError):
            parse(raw[:cut])


def test_a_cut_body_and_a_cut_head_are_told_apart() -> None:
    with pytest.raises(IncompleteBody):
        parse(OK + b"Content-Length: 5\r\n\r\nhell")
    with pytest.raises(IncompleteBody):
        parse(OK + CHUNKED + b"3\r\nabc\r\n")
    with pytest.raises(ConnectionReset) as reset:
        parse(OK + b"Content-Le")
    assert not reset.value.after_head


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 101 x\r\n\r\n", b"HTTP/1.1 150 x\r\nContent-Length: 3\r\n\r\nabc",
        OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        OK + b"Content-Length: -3\r\n\r\n", OK + b"Content-Length: 3, 3\r\n\r\nabc",
        OK + b"Content-Length: 99999999999999999999\r\n\r\n", OK + b"Content-Length:\r\n\r\n",
        OK + b"Transfer-Encoding: gzip\r\n\r\nabc",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: identity\r\n\r\nabc",
        OK + b"X : y\r\nContent-Length: 0\r\n\r\n", OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        OK + b"X: a\0b\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        OK + CHUNKED + b"x\r\n", OK + CHUNKED + b"-1\r\n", OK + CHUNKED + b"1\r\nab\r\n",
        OK + CHUNKED + b"FFFFFFFFFFFFFFFFF\r\n",
    ],
)  # fmt: skip
def test_a_response_that_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(raw)
    with pytest.raises(ProtocolError):
        parse(*(raw[i : i + 1] for i in range(len(raw))))


@pytest.mark.parametrize("stray", [b"x", b"HTTP/1.1 200 OK\r\n\r\n", b"\r\nH", b"\0"])
@pytest.mark.parametrize(
    "ending", [b"Content-Length: 2\r\n\r\nok", CHUNKED + b"2\r\nok\r\n0\r\n\r\n"]
)
def test_bytes_after_the_end_spoil_the_connection_not_the_response(
    ending: bytes, stray: bytes
) -> None:
    incoming = parse(OK + ending + stray)
    assert incoming.take() == b"ok"
    assert incoming.ended
    assert not incoming.reusable


@pytest.mark.parametrize(
    "raw",
    [OK + b"Content-Length: 50\r\n\r\n", OK + CHUNKED, OK + b"\r\n", OK + CHUNKED + b"5\r\nhello"],
)
def test_the_answer_to_head_has_no_body_and_spends_the_connection(raw: bytes) -> None:
    incoming = parse(raw, head_only=True)
    assert (incoming.status, incoming.ended, incoming.reusable) == (200, True, False)
    assert incoming.take() == b""


def test_one_parser_serves_many_responses() -> None:
    parser = ResponseParser()
    for name in ("length", "chunked", "interim", "204", "304 with a length", "trailers"):
        raw, body, _ = GOOD[name]
        incoming = parser.expect(head_only=False)
        parser.feed(raw)
        assert incoming.ended
        assert incoming.reusable
        assert incoming.take() == body


def test_header_names_are_lower_case_and_repeats_are_kept() -> None:
    incoming = parse(OK + b"X-A: 1\r\nx-a: 2\r\nEmpty:\r\nContent-Length: 0\r\n\r\n")
    assert incoming.headers == [
        (b"x-a", b"1"), (b"x-a", b"2"), (b"empty", b""), (b"content-length", b"0")
    ]  # fmt: skip
    assert incoming.header(b"x-a") == b"1"
    assert incoming.header(b"x-b") is None


ENDLESS = {
    "one header": (OK + b"X: ", b"a" * 1000),
    "many headers": (OK, b"X: " + b"a" * 1000 + b"\r\n"),
    "interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 50),
    "reason": (b"HTTP/1.1 200 ", b"a" * 1000),
    "trailers": (OK + CHUNKED + b"0\r\n", b"X: " + b"a" * 1000 + b"\r\n"),
    "chunk extension": (OK + CHUNKED + b"1;", b"a" * 1000),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_becomes_a_body_is_cut_off(name: str) -> None:
    start, more = ENDLESS[name]
    with pytest.raises(ProtocolError, match="head"):
        parse(start, *([more] * (2 * HEAD_BYTES_MAX // len(more))))


def test_a_head_that_comes_in_one_read_keeps_the_same_limit() -> None:
    body = b"Content-Length: 1\r\n\r\na"
    with pytest.raises(ProtocolError, match="head"):
        parse(OK + b"X: " + b"a" * HEAD_BYTES_MAX + b"\r\n" + body)
    small_head_large_body = OK + b"Content-Length: 200000\r\n\r\n" + b"a" * 200_000
    assert len(parse(small_head_large_body).take()) == 200_000


def test_a_long_stream_of_small_chunks_is_not_taken_for_a_head() -> None:
    parser = ResponseParser()
    incoming = parser.expect(head_only=False)
    parser.feed(OK + CHUNKED)
    for _ in range(3 * HEAD_BYTES_MAX // 6):
        parser.feed(b"1\r\na\r\n")
    assert incoming.buffered_bytes == 3 * HEAD_BYTES_MAX // 6


@settings(deadline=None)  # the machine may be busy
@given(st.data())
def test_noise_only_ever_raises_upstream_errors(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([good[0] for good in GOOD.values()])))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    try:
        incoming = parse(bytes(raw[:cut]), bytes(raw[cut:]))
    except UpstreamError:
        return
    assert incoming.ended
    assert 200 <= incoming.status <= 999
