"""What aiohttp reads we read the same, and what it refuses we refuse. Where it is lenient (bare
line feeds, folded headers) `test_response_parser` holds us to more."""

import aiohttp
import pytest

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import UpstreamError
from tests.relay.upstream.scripted_server import (
    FAST,
    NO_HEADERS,
    Peer,
    ScriptedServer,
    body_of,
    ok,
    scripted,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]

# method, raw response
SAME: dict[str, tuple[str, bytes]] = {
    "length": ("GET", ok(b"hello")),
    "empty": ("POST", ok(b"")),
    "repeated headers": ("GET", ok(b"x", b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"X-Empty:")),
    "white space around values": ("GET", ok(b"x", b"X-A:   a b  ", b"X-B:\tc\t")),
    "bytes above ASCII in a value": ("GET", ok(b"x", b"X-Name: caf\xc3\xa9")),
    "chunked": ("GET", CHUNKED + b"3\r\nabc\r\n00a\r\n0123456789\r\n0\r\n\r\n"),
    "chunked, upper case, extension": ("GET", CHUNKED + b"A;x=1\r\n0123456789\r\n0\r\n\r\n"),
    "trailers": ("GET", CHUNKED + b"1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n"),
    "until close": ("GET", b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nto the end"),
    "HTTP/1.0 until close": ("GET", b"HTTP/1.0 200 OK\r\n\r\nto the end"),
    "close announced": ("GET", ok(b"bye", b"Connection: close")),
    "no reason": ("GET", b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"),
    "204": ("POST", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "304": ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"),
    "304 with a length": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    "HEAD": ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
    "HEAD, chunked": ("HEAD", CHUNKED),
    "100 first": ("POST", b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"go")),
    "error with a body": ("POST", ok(b'{"error":{}}').replace(b"200 OK", b"429 Too Many Requests")),
    "unknown status": ("POST", ok(b"busy").replace(b"200 OK", b"529 Overloaded")),
    "redirect": ("GET", ok(b"", b"Location: /x").replace(b"200 OK", b"307 Temporary Redirect")),
    "event stream": (
        "POST",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"f\r\ndata: {\"a\":1}\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
    ),
}  # fmt: skip

BROKEN: dict[str, bytes] = {
    "shorter than announced": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    "chunk cut": CHUNKED + b"9\r\nhalf",
    "no last chunk": CHUNKED + b"4\r\nhalf\r\n",
    "bad chunk size": CHUNKED + b"zz\r\nhalf\r\n0\r\n\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "length and chunked": CHUNKED[:-2] + b"Content-Length: 3\r\n\r\n0\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
}


async def ours(client: HttpClient, server: ScriptedServer, method: str) -> Answer:
    body = b"{}" if method == "POST" else b""
    response = await client.request(server.origin, method.encode(), "/", NO_HEADERS, body, FAST)
    try:
        return response.status, list(response.headers), await body_of(response)
    finally:
        response.close()


async def theirs(server: ScriptedServer, method: str) -> Answer:
    url = f"http://{server.origin.authority}/"
    data = b"{}" if method == "POST" else None
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(method, url, data=data, allow_redirects=False) as response,
    ):
        headers = [(name.lower(), value) for name, value in response.raw_headers]
        return response.status, headers, await response.read()


@pytest.mark.parametrize("name", SAME)
async def test_the_same_bytes_are_read_the_same(client: HttpClient, name: str) -> None:
    method, raw = SAME[name]

    async def script(peer: Peer) -> None:
        await peer.answer(raw)

    async with scripted(script) as server:
        assert await ours(client, server, method) == await theirs(server, method)


@pytest.mark.parametrize("name", BROKEN)
async def test_what_aiohttp_refuses_we_refuse(client: HttpClient, name: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(BROKEN[name])

    async with scripted(script) as server:
        with pytest.raises(UpstreamError):
            await ours(client, server, "GET")
        with pytest.raises(aiohttp.ClientError):
            await theirs(server, "GET")
