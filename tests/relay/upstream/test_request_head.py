"""A request head is one request, whatever a caller puts into it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.proxy.upstream.port import HeaderBlock, Origin
from relay.proxy.upstream.request_head import header_block, request_head

ORIGIN = Origin("https", "api.example.com", 443, "/v1")


def test_the_head_is_written_out_in_full() -> None:
    head = request_head(
        ORIGIN, b"POST", "/messages?beta=true", [(b"x-api-key", b"sk")], body_bytes=12
    )
    assert head == (
        b"POST /v1/messages?beta=true HTTP/1.1\r\nHost: api.example.com\r\n"
        b"x-api-key: sk\r\nContent-Length: 12\r\n\r\n"
    )


def test_a_ready_block_gives_the_same_head() -> None:
    headers = [(b"authorization", b"Bearer sk"), (b"accept", b"*/*")]
    ready = request_head(ORIGIN, b"POST", "/chat", header_block(headers), body_bytes=1)
    assert ready == request_head(ORIGIN, b"POST", "/chat", headers, body_bytes=1)


@pytest.mark.parametrize(
    ("method", "has_length"), [(b"GET", False), (b"HEAD", False), (b"POST", True)]
)
def test_only_methods_with_a_body_announce_an_empty_one(method: bytes, has_length: bool) -> None:
    head = request_head(ORIGIN, method, "/models", [], body_bytes=0)
    assert (b"Content-Length: 0" in head) is has_length
    assert head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "header",
    [
        (b"x", b"a\r\nInjected: 1"), (b"x", b"a\nInjected: 1"), (b"x", b"a\rb"), (b"x", b"a\0b"),
        (b"x\r\ny", b"a"), (b"x y", b"a"), (b"x:", b"a"), (b"", b"a"), (b"x\n", b"a"),
        (b"x", b"a\n"), (b"Host", b"evil"), (b"Content-Length", b"0"), (b"Connection", b"close"),
        (b"TRANSFER-ENCODING", b"chunked"), (b"Expect", b"100-continue"), (b"Upgrade", b"h2c"),
    ],
)  # fmt: skip
def test_header_injection_is_refused(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="header"):
        header_block([header])


def test_a_refused_value_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="authorization") as refused:
        header_block([(b"authorization", b"Bearer sk-secret\n")])
    assert "sk-secret" not in str(refused.value)


@pytest.mark.parametrize(
    "path",
    ["", "v1", "/a b", "/a\r\nX: y", "/a\n", "/a#b", "/ü", "http://evil/", "/a\tb", "/a\x7f"],
)
def test_a_path_that_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        request_head(ORIGIN, b"GET", path, [], body_bytes=0)


@pytest.mark.parametrize("method", [b"", b"get", b"GET /x", b"GET\r\n", b"CONNECTION"])
def test_a_method_that_is_none_is_refused(method: bytes) -> None:
    with pytest.raises(ValueError, match="method"):
        request_head(ORIGIN, method, "/", [], body_bytes=0)


@pytest.mark.parametrize(
    "block", [b"x: y", b"\r\n", b"x: y\r\n\r\n", b"x: y\r\n\r\nGET / HTTP/1.1\r\n"]
)
def test_a_block_cannot_end_the_head(block: bytes) -> None:
    with pytest.raises(ValueError, match="block"):
        request_head(ORIGIN, b"GET", "/", HeaderBlock(block), body_bytes=0)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=4))
def test_no_headers_change_the_number_of_lines(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        head = request_head(ORIGIN, b"GET", "/", headers, body_bytes=0)
    except ValueError:
        return
    assert head.count(b"\n") == head.count(b"\r") == len(headers) + 3
