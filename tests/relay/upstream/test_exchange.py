"""One request and its answer over a real socket."""

import asyncio

import pytest

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import BodyTooLarge, IncompleteBody, ProtocolError
from relay.proxy.upstream.port import Origin, UpstreamClient
from relay.proxy.upstream.request_head import header_block
from tests.relay.upstream.scripted_server import FAST, NO_HEADERS, Peer, body_of, ok, scripted


async def test_the_request_arrives_as_written_and_the_answer_comes_back(client: HttpClient) -> None:
    requests: list[bytes] = []

    async def script(peer: Peer) -> None:
        requests.append(await peer.answer(ok(b'{"id":1}', b"X-Request-Id: r1")))

    port: UpstreamClient = client
    async with scripted(script) as server:
        headers = header_block([(b"authorization", b"Bearer sk")])
        origin = Origin("http", "127.0.0.1", server.origin.port, "/v1")
        response = await port.request(origin, b"POST", "/chat", headers, b"{}", FAST)
        assert response.status == 200
        assert response.header(b"x-request-id") == b"r1"
        assert await response.read(100) == b'{"id":1}'
        assert await response.chunk() == b""
        response.close()
    assert requests == [
        b"POST /v1/chat HTTP/1.1\r\nHost: %b\r\nauthorization: Bearer sk\r\n"
        b"Content-Length: 2\r\n\r\n{}" % origin.authority.encode()
    ]


async def test_body_bytes_are_handed_on_before_the_next_ones_come(client: HttpClient) -> None:
    seen = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(5):
            await peer.send(b"6\r\ndata: \r\n")
            await seen.wait()
            seen.clear()
        await peer.send(b"0\r\n\r\n")

    async with scripted(script) as server:
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        for _ in range(5):
            assert await response.chunk() == b"data: "
            seen.set()
        assert await response.chunk() == b""


async def test_a_redirect_is_an_answer_like_any_other(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        location = b"Location: http://169.254.169.254/"
        await peer.answer(ok(b"", location).replace(b"200 OK", b"302 Found"))

    async with scripted(script) as server:
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        assert response.status == 302
        assert server.connections == 1


async def test_a_body_of_megabytes_arrives_whole(client: HttpClient) -> None:
    sent = bytes(range(256)) * 16_384
    received: list[bytes] = []

    async def script(peer: Peer) -> None:
        received.append((await peer.answer(ok())).partition(b"\r\n\r\n")[2])

    async with scripted(script) as server:
        response = await client.request(server.origin, b"POST", "/", NO_HEADERS, sent, FAST)
        assert await body_of(response) == b"ok"
    assert received == [sent]


async def test_an_answer_before_the_end_of_the_request_spends_the_connection(
    client: HttpClient,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(ok(b"too large").replace(b"200 OK", b"413 Payload Too Large"))
        await peer.closed_by_client()

    async with scripted(script) as server:
        for _ in range(2):
            body = b"a" * 50_000_000
            response = await client.request(server.origin, b"POST", "/", NO_HEADERS, body, FAST)
            assert response.status == 413
            assert await body_of(response) == b"too large"
        assert server.connections == 2


async def test_read_holds_no_more_than_its_limit(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(ok(b"a" * 1001))
        await peer.closed_by_client()

    async with scripted(script) as server:
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        with pytest.raises(BodyTooLarge):
            await response.read(1000)
        response.close()


async def test_what_came_before_a_broken_end_is_handed_out_first(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    async with scripted(script) as server:
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        assert await response.chunk() == b"half"
        for _ in range(2):
            with pytest.raises(IncompleteBody):
                await response.chunk()


async def test_nonsense_for_an_answer_is_a_protocol_error(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"220 mail.example ESMTP\r\n")
        await peer.closed_by_client()

    async with scripted(script) as server:
        with pytest.raises(ProtocolError):
            await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)


async def test_two_tasks_cannot_read_one_response(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        await peer.closed_by_client()

    async with scripted(script) as server:
        response = await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        first = asyncio.ensure_future(response.chunk())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="two tasks"):
            await response.chunk()
        first.cancel()
