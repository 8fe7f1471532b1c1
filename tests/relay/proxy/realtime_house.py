"""The Realtime door under the server of production, and clients of it as programs have them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from devstack.demo_upstream.server import listen
from relay.proxy.realtime.door import RealtimeDoor
from relay.proxy.upstream.sockets import SocketDialer
from tests.relay.proxy.fakes import HOST, MODEL, PATIENCE_S, SECRET, House

LOOPBACK = "127.0.0.1"
Event = dict[str, Any]


class Talk:
    """A client's end of a session."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, kind: str, **more: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **more}))

    async def event(self) -> Event:
        async with asyncio.timeout(PATIENCE_S):
            found: Event = json.loads(await self.connection.recv())
            return found

    async def until(self, kind: str) -> list[Event]:
        """Events up to the first of this type."""
        found = [await self.event()]
        while found[-1]["type"] != kind:
            found.append(await self.event())
        return found

    async def say(self, text: str) -> None:
        """Put a text into the conversation."""
        part = {"type": "input_text", "text": text}
        item = {"type": "message", "role": "user", "content": [part]}
        await self.send("conversation.item.create", item=item)

    async def ask(self, text: str, *modalities: str) -> list[Event]:
        """A question and every event of its answer."""
        await self.say(text)
        await self.send(
            "response.create", response={"output_modalities": [*modalities] or ["text"]}
        )
        return await self.until("response.done")

    async def closed(self) -> int | None:
        """The code with which the other side closed."""
        async with asyncio.timeout(PATIENCE_S):
            await self.connection.wait_closed()
        return self.connection.close_code


@asynccontextmanager
async def door(house: House, **server: Any) -> AsyncIterator[int]:
    """The house's door on a free port, which it gives."""
    dialer = SocketDialer(allowed_networks=[ip_network("127.0.0.0/8")])
    made = RealtimeDoor(house.relay, dialer)
    sock = listen(LOOPBACK, 0)
    options = {"ws": "websockets-sansio", "timeout_graceful_shutdown": 1, **server}
    config = uvicorn.Config(
        made,
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        **options,
    )
    running = uvicorn.Server(config)
    task = asyncio.ensure_future(running.serve(sockets=[sock]))
    try:
        yield sock.getsockname()[1]
    finally:
        running.should_exit = True
        await task
        await made.aclose()
        sock.close()


@asynccontextmanager
async def talk(
    port: int,
    *,
    headers: Mapping[str, str] | None = None,
    query: str = f"?model={MODEL}",
    path: str = "/v1/realtime",
    subprotocols: Sequence[str] = (),
) -> AsyncIterator[Talk]:
    """A session, or websockets' InvalidStatus."""
    given = {"Authorization": f"Bearer {SECRET}"} if headers is None else headers
    async with connect(
        f"ws://{HOST}:{port}{path}{query}",
        host=LOOPBACK,
        port=port,
        additional_headers=given,
        subprotocols=[Subprotocol(each) for each in subprotocols] or None,
        proxy=None,
    ) as connection:
        yield Talk(connection)


@asynccontextmanager
async def session(house: House, **given: Any) -> AsyncIterator[Talk]:
    """A door, and a client that is through it."""
    async with door(house) as port, talk(port, **given) as made:
        assert (await made.event())["type"] == "session.created"
        yield made
