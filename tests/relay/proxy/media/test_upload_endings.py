"""However an upload ends, its file is gone, its Hold too, and the upstream is let go."""

import asyncio
import os
import time
from collections.abc import AsyncIterator

import pytest

from devstack.demo_upstream.media.sound import silence
from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.patience import promised
from tests.relay.proxy.fakes import HOST, SECRET, UPLOAD_BYTES_MAX, Exchange, House, house, route
from tests.relay.proxy.forms.multipart import content_type, form
from tests.relay.proxy.server import connected, served
from tests.relay.upstream.scripted_server import Peer, scripted, until

PATH = "/v1/audio/transcriptions"
LONG = silence("wav", 300_000)  # 4.8 MB: kept on disk
ANSWER_S_MAX = promised(1.0)


def spooled_files() -> int:
    """Deleted files that this process holds open."""
    links = (f"/proc/self/fd/{each}" for each in os.listdir("/proc/self/fd"))
    return sum("(deleted)" in os.readlink(each) for each in links if os.path.lexists(each))


@pytest.fixture(autouse=True)
async def _nothing_is_left() -> AsyncIterator[None]:
    before = spooled_files()
    yield
    await until(lambda: spooled_files() == before)


def pieces_of(body: bytes) -> list[bytes]:
    return [body[at : at + 65_536] for at in range(0, len(body), 65_536)]


def begin(relay: House, *, body: bytes | None = None, **headers: str) -> Exchange:
    """A transcription of LONG, or another body, begun."""
    body = form({"model": "small"}, [("file", "a.wav", LONG)]) if body is None else body
    given = {"content-type": content_type()} | headers
    return relay.request(path=PATH, body=pieces_of(body), headers=given).begin()


async def test_after_an_answer(relay: House) -> None:
    assert (await begin(relay).finish()).status == 200


@pytest.mark.parametrize("fault", ["400", "500", "reset", "silence", "html-200"])
async def test_after_an_upstreams_failure(relay: House, fault: str) -> None:
    fields = {"model": "small", "prompt": f"[[demo: fault={fault}]]"}
    answer = await begin(relay, body=form(fields, [("file", "a.wav", LONG)])).finish()
    assert answer.status >= 400
    assert b"sk-" not in answer.body
    assert (relay.end.usage, relay.gate.open_count) == (None, 0)


async def test_another_upstream_gets_the_whole_form(pair: House, two: Running) -> None:
    fields = {"model": "small", "prompt": "[[demo: fault=500 only=one]]"}
    answer = await begin(pair, body=form(fields, [("file", "a.wav", LONG)])).finish()
    assert (answer.status, pair.end.upstream_id) == (200, "two")
    (call,) = two.calls()
    assert call["body_bytes"] > len(LONG)


async def test_when_the_client_leaves_before_the_form_is_complete(relay: House) -> None:
    body = form({"model": "small"}, [("file", "a.wav", LONG)])
    exchange = begin(relay, body=body[: len(body) // 2])
    exchange._body.append(b"more")  # so that the server still waits
    exchange._body[-1:] = []
    exchange.leave()
    await exchange.finish()
    assert relay.gate.admitted == []


async def test_when_the_client_leaves_while_the_form_is_sent_on() -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await asyncio.sleep(0)  # reads nothing: the form gets stuck on its way
        await peer.closed_by_client()
        closed.set()

    async with scripted(script) as server, house(_to(server.origin.port)) as relay:
        relay.opener.timeouts = type(relay.opener.timeouts)()
        exchange = begin(relay)
        await until(lambda: bool(relay.gate.admitted) and server.connections == 1)
        exchange.leave()
        async with asyncio.timeout(ANSWER_S_MAX):
            await exchange.finish()
            await closed.wait()
        assert (relay.end.ending, relay.end.usage) == (Ending.CLIENT_LEFT, None)


async def test_when_the_upstream_refuses_before_it_has_read_the_form() -> None:
    async def script(peer: Peer) -> None:
        body = b'{"error":{"message":"too long","param":"file","code":null}}'
        head = b"HTTP/1.1 413 Payload Too Large\r\nContent-Type: application/json\r\n"
        await peer.send(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await peer.closed_by_client()

    async with scripted(script) as server, house(_to(server.origin.port)) as relay:
        answer = await begin(relay).finish()
        assert 400 <= answer.status < 500
        assert relay.end.usage is None


BROKEN = form({"model": "small"}, [("file", "a.wav", LONG)])
BAD = {
    "no boundary": ({"content-type": "multipart/form-data"}, BROKEN, 400),
    "another boundary": ({"content-type": content_type("other")}, BROKEN, 400),
    "truncated": ({}, BROKEN[:-10], 400),
    "10,000 parts": ({}, form({"a": ["1"] * 10_000}), 400),
    "NUL name": ({}, BROKEN.replace(b'name="file"', b'name="fi\x00e"'), 400),
    "too large": ({}, form({}, [("file", "a", bytes(UPLOAD_BYTES_MAX))]), 413),
    "announced too large": ({"content-length": str(UPLOAD_BYTES_MAX + 1)}, b"", 413),
    "gzip": ({"content-encoding": "gzip"}, BROKEN, 415),
    "JSON": ({"content-type": "application/json"}, b'{"model":"small"}', 400),
    "unknown model": ({}, form({"model": "gpt-9"}, [("file", "a.wav", LONG)]), 404),
    "no key": ({"authorization": ""}, BROKEN, 401),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_is_wrong_is_refused_at_once(relay: House, one: Running, name: str) -> None:
    headers, body, status = BAD[name]
    started = time.monotonic()
    answer = await begin(relay, body=body, **headers).finish()
    assert time.monotonic() - started < ANSWER_S_MAX
    assert answer.status == status
    assert answer.error()["message"]
    assert relay.gate.admitted == []
    assert one.calls() == []


async def test_through_the_real_server_an_upload_that_breaks_off_leaves_nothing(
    relay: House,
) -> None:
    body = form({"model": "small"}, [("file", "a.wav", LONG)])
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {SECRET}\r\n"
        f"Content-Type: {content_type()}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    before = spooled_files()
    async with served(relay) as port:
        async with connected(port) as (_, writer):
            writer.write(head + body[: len(body) // 2])
            await until(lambda: spooled_files() > before)
        await until(lambda: spooled_files() == before)
        async with connected(port) as (reader, writer):
            writer.write(head + body)
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200 ")
    assert len(relay.gate.admitted) == 1


def _to(port: int) -> object:
    return route(f"http://127.0.0.1:{port}")
