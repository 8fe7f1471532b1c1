"""A silent stream is kept open by comments, which never fall into a frame or a write."""

import asyncio
from typing import Any

import pytest

from relay.proxy import client as clients
from relay.proxy.client import COMMENT, KEEP_ALIVE_S, Client
from tests.relay.proxy.fakes import House


class Wire:
    """An ASGI server that takes what it is given, or lets it wait."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.taking = asyncio.Event()
        self.taking.set()

    async def send(self, message: Any) -> None:
        await self.taking.wait()
        self.sent.append(message["body"])

    async def receive(self) -> Any:
        await asyncio.Event().wait()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(wire: Wire) -> Client:
    return Client({"headers": []}, wire.receive, wire.send)


async def settle_down() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_comment_goes_out_after_so_long_a_silence(client: Client, wire: Wire) -> None:
    await client.write(b"data: 1\n\n")
    now = asyncio.get_running_loop().time()
    for later in (1.0, KEEP_ALIVE_S + 1, KEEP_ALIVE_S + 2, 2 * KEEP_ALIVE_S + 3):
        client.keep_alive(now + later)
        await settle_down()
    assert wire.sent == [b"data: 1\n\n", COMMENT, COMMENT]


async def test_none_goes_out_before_the_first_byte_or_after_the_last(
    client: Client, wire: Wire
) -> None:
    client.keep_alive(1e9)
    await client.write(b"end", is_last=True)
    client.keep_alive(2e9)
    await settle_down()
    assert wire.sent == [b"end"]


async def test_none_goes_out_while_a_write_is_under_way(client: Client, wire: Wire) -> None:
    await client.write(b"data: 1\n\n")
    wire.taking.clear()
    write = asyncio.ensure_future(client.write(b"data: 2\n\n"))
    await settle_down()
    client.keep_alive(1e9)
    wire.taking.set()
    await write
    await settle_down()
    assert wire.sent == [b"data: 1\n\n", b"data: 2\n\n"]


async def test_a_stream_that_pauses_is_kept_alive_by_the_relay(
    relay: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "KEEP_ALIVE_S", 0.0)
    monkeypatch.setattr("relay.proxy.app.TICK_S", 0.02)
    await relay.relay.stop()
    await relay.relay.start()
    exchange = relay.chat("[[demo:tokens=5 pace=100]]", stream=True)
    await exchange.finish()
    assert COMMENT in exchange.body
    assert exchange.events()[-1] == b"[DONE]"
    frames = exchange.body.split(b"\n\n")
    assert {frame[:6] for frame in frames if frame} == {b"data: ", b": keep"}
