"""What only a real server shows: framing, kept-alive connections, requests on the wire."""

import asyncio

from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.relay.proxy.fakes import HOST, SECRET, House, chat_body
from tests.relay.proxy.server import connected, post, served


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of one answer with a Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def test_one_connection_serves_calls_of_both_kinds_one_after_the_other(relay: House) -> None:
    async with served(relay) as port, connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(post(chat_body("[[demo:tokens=5]]", stream=True)))
            stream = await reader.readuntil(b"\r\n0\r\n\r\n")
            assert stream.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"data: [DONE]\n\n" in stream
            writer.write(post(chat_body("[[demo:tokens=5]]")))
            head, body = await read_answer(reader)
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b'"completion_tokens":5' in body
    assert [end.ending for end in relay.gate.ended] == [Ending.COMPLETED] * 6


async def test_calls_share_one_connection_to_the_upstream(relay: House, one: Running) -> None:
    for _ in range(5):
        await relay.answer("[[demo:tokens=5]]", stream=True)
    endings = [call["ending"] for call in one.calls()]
    assert endings == ["completed"] * 5  # never hung up on


async def test_a_head_request_has_no_body_on_the_wire(relay: House) -> None:
    request = f"HEAD /v1/models HTTP/1.1\r\nHost: {HOST}\r\nX-Api-Key: {SECRET}\r\n\r\n".encode()
    async with served(relay) as port, connected(port) as (reader, writer):
        writer.write(request + post(b"{}"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 400 ")


async def test_a_huge_body_is_refused_before_it_is_sent(relay: House) -> None:
    announced = post(b"").replace(b"Content-Length: 0", b"Content-Length: 100000000")
    async with served(relay) as port, connected(port) as (reader, writer):
        writer.write(announced)
        head, body = await read_answer(reader)
        assert head.startswith(b"HTTP/1.1 413 ")
        assert b"request_too_large" in body
    assert relay.gate.admitted == []


async def test_a_chunked_request_body_is_read(relay: House) -> None:
    body = chat_body("[[demo:tokens=5]]")
    request = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    async with served(relay) as port, connected(port) as (reader, writer):
        for piece in (body[:10], body[10:]):
            request += b"%x\r\n%b\r\n" % (len(piece), piece)
        writer.write(request + b"0\r\n\r\n")
        head, _ = await read_answer(reader)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
