"""What is read of the caller's side of a request: host, key and body."""

from collections.abc import Sequence

import pytest

from relay.proxy.answer_headers import rate_headers
from relay.proxy.client import Client
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Rates, RateState
from tests.relay.proxy.fakes import Message


def client(
    *headers: tuple[str, str], body: Sequence[bytes] = (b"",), leaves: bool = False
) -> Client:
    pieces = list(body)

    async def receive() -> Message:
        if leaves and not pieces:
            return {"type": "http.disconnect"}
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces) or leaves}

    async def send(message: Message) -> None:
        raise AssertionError("nothing is sent here")

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Client({"method": "POST", "headers": raw}, receive, send)


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("acme.localhost", "acme.localhost"),
        ("ACME.localhost:8080", "acme.localhost"),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("[::1]:8080", "[::1]"),
        ("[::1]", "[::1]"),
        ("", ""),
    ],
)
def test_the_host_has_no_port_and_is_in_lower_case(header: str, host: str) -> None:
    assert client(("host", header)).host == host


def test_without_a_host_header_there_is_no_host() -> None:
    assert client().host == ""


@pytest.mark.parametrize(
    "header",
    [
        ("authorization", "Bearer sk-1"),
        ("authorization", "bearer   sk-1 "),
        ("authorization", "BEARER sk-1"),
        ("x-api-key", "sk-1"),
        ("x-api-key", " sk-1 "),
        ("api-key", "sk-1"),
        ("x-goog-api-key", "sk-1"),
    ],
)
def test_the_key_is_found_in_every_header_that_sdks_use(header: tuple[str, str]) -> None:
    assert client(header).secret() == "sk-1"


def test_the_bearer_counts_before_the_other_headers() -> None:
    assert client(("x-api-key", "sk-2"), ("authorization", "Bearer sk-1")).secret() == "sk-1"


@pytest.mark.parametrize("authorization", ["Bearer ", "Basic c2stMQ==", ""])
def test_an_authorization_without_a_key_hides_no_other_header(authorization: str) -> None:
    given = client(("authorization", authorization), ("x-api-key", "sk-1"))
    assert given.secret() == "sk-1"


@pytest.mark.parametrize("headers", [[], [("authorization", "Bearer  ")], [("x-api-key", " ")]])
def test_an_empty_key_is_none(headers: list[tuple[str, str]]) -> None:
    assert client(*headers).secret() is None


async def test_a_body_in_pieces_is_joined() -> None:
    assert await client(body=[b"ab", b"", b"cd"]).body(4) == b"abcd"


@pytest.mark.parametrize("headers", [[], [("content-length", "5")], [("content-length", "9" * 18)]])
async def test_a_body_beyond_the_bound_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(ApiError) as caught:
        await client(*headers, body=[b"ab", b"cde", b"never read"]).body(4)
    assert (caught.value.cause, caught.value.detail) == (Cause.TOO_LARGE, "4")


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "gzip, identity"])
async def test_a_compressed_body_is_refused_unread(coding: str) -> None:
    with pytest.raises(ApiError) as caught:
        await client(("content-encoding", coding), body=[]).body(4)
    assert caught.value.cause is Cause.ENCODING


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
async def test_a_body_that_is_said_to_be_plain_is_read(coding: str) -> None:
    assert await client(("content-encoding", coding), body=[b"ab"]).body(4) == b"ab"


async def test_a_client_that_leaves_while_sending_is_a_connection_error() -> None:
    leaving = client(body=[b"ab"], leaves=True)
    with pytest.raises(ConnectionError):
        await leaving.body(4)
    assert leaving.has_left


def test_limits_are_told_in_openais_headers() -> None:
    rates = Rates(requests=RateState(600, 599, 42), tokens=None)
    assert rate_headers(rates) == [
        (b"x-ratelimit-limit-requests", b"600"),
        (b"x-ratelimit-remaining-requests", b"599"),
        (b"x-ratelimit-reset-requests", b"42s"),
    ]
    assert rate_headers(None) == []
