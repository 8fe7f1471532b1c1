"""The ports of the relay in memory, and requests given to it as an ASGI server would give them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import msgspec

from relay.adapters.accounts import Books
from relay.proxy import error_contract
from relay.proxy.app import Ports, Relay
from relay.proxy.attempts import Opener
from relay.proxy.errors import ApiError
from relay.proxy.renaming import Renaming
from relay.proxy.types import (
    Call,
    Caller,
    Offer,
    Route,
    Site,
    Snapshot,
    Standing,
)
from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.port import Origin, Timeouts
from relay.proxy.wire import Kind, Quirks, wire
from tests.patience import promised
from tests.relay.proxy.fake_gate import Ended, FakeGate, FakeSink
from tests.relay.proxy.objects import FakeObjects
from tests.relay.proxy.replays import FakeReplays

HOST = "acme.localhost"
SECRET = "sk-acme"
PATH = "/v1/chat/completions"
MODEL = "small"
UPSTREAM_MODEL = "demo-model"
PATIENCE_S = 30.0  # far above what loopback takes
BODY_BYTES_MAX = 1_000_000
UPLOAD_BYTES_MAX = 20_000_000
Message = MutableMapping[str, Any]


def caller(**changes: Any) -> Caller:
    fields: dict[str, Any] = {
        "key_id": "key_acme",
        "organization_id": "org_acme",
        "site_id": "acme",
        "standing": Standing.ACTIVE,
        "expires_at": None,
        "allowed_models": None,
        "rights": None,
    }
    return Caller(**(fields | changes))


def route(base_url: str, upstream_id: str = "one", **changes: Any) -> Route:
    fields: dict[str, Any] = {
        "upstream_id": upstream_id,
        "origin": Origin.parse(base_url),
        "wire": wire(Kind.OPENAI, b"sk-upstream", Quirks()),
        "name": UPSTREAM_MODEL,
        "output_tokens_max": 4096,
        "renaming": Renaming(UPSTREAM_MODEL, MODEL),
        "priority": 0,
        "weight": 1,
        "provider": "demo",
    }
    return Route(**(fields | changes))


def offer(*routes: Route, **changes: Any) -> Offer:
    fields: dict[str, Any] = {
        "model_id": MODEL,
        "max_output_tokens": 4096,
        "context_tokens": 128_000,
        "created": 1_700_000_000,
        "owned_by": "demo",
        "price": None,
        "routes": routes,
    }
    return Offer(**(fields | changes))


def site(site_id: str = "acme", language: str = "en", no_credit_status: int = 402) -> Site:
    contract = error_contract.resolve([error_contract.no_credit(no_credit_status)])
    return Site(site_id, language, contract)


def call(**changes: Any) -> Call:
    """A streamed Call that asks for 100 tokens at most, not admitted yet."""
    fields: dict[str, Any] = {
        "request_id": "req_1",
        "endpoint": "chat/completions",
        "site": site(),
        "caller": caller(),
        "offer": offer(),
        "is_stream": True,
        "input_tokens_bound": 40,
        "input_tokens_guess": 10,
        "output_tokens_cap": 100,
        "choices": 1,
        "is_clampable": True,
        "admitted_at_ms": 0,
        "started_at": 0.0,
    }
    return Call(**(fields | changes))


class FakeKeys:
    def __init__(self) -> None:
        self.callers: dict[str, Caller] = {SECRET: caller()}
        self.error: ApiError | None = None

    async def find(self, secret: str) -> Caller | None:
        if self.error is not None:
            raise self.error
        return self.callers.get(secret)


class FakeRoutes:
    def __init__(self, *offers: Offer, on: Site | None = None) -> None:
        self.site = on or site()
        self.offers = {each.model_id: each for each in offers}
        self.aliases: dict[str, Offer] = {}
        self.retired: dict[str, str] = {}

    def snapshot(self) -> Snapshot:
        site_id = self.site.id
        return Snapshot(
            {HOST: self.site},
            {site_id: self.offers},
            {site_id: self.aliases},
            {site_id: self.retired},
        )


class Exchange:
    """One request to the relay, and its answer as far as it came."""

    def __init__(
        self,
        relay: Relay,
        journal: list[str],
        *,
        method: str = "POST",
        path: str = PATH,
        headers: Mapping[str, str] | None = None,
        body: Sequence[bytes] = (b"",),
    ) -> None:
        given = {"host": HOST, "authorization": f"Bearer {SECRET}"} | dict(headers or {})
        raw = [(name.encode(), value.encode()) for name, value in given.items() if value]
        self._scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": raw,
        }
        self._relay = relay
        self._journal = journal
        self._body = list(body)
        self._gone = asyncio.Event()
        self._changed = asyncio.Condition()
        self.taking = asyncio.Event()
        self.taking.set()
        self.messages: list[Message] = []
        self.task: asyncio.Task[None] | None = None

    def ask(self, query: bytes) -> None:
        """Put a query behind the path."""
        self._scope["query_string"] = query

    def connect_from(self, ip: str) -> None:
        """Say where it comes from."""
        self._scope["client"] = (ip, 50_000)

    def begin(self) -> "Exchange":
        """Give the request to the relay and go on."""
        self.task = asyncio.ensure_future(self._relay(self._scope, self._receive, self._send))
        return self

    async def finish(self) -> "Exchange":
        """Wait until the relay is through with it."""
        assert self.task is not None
        async with asyncio.timeout(PATIENCE_S):
            await self.task
        return self

    def leave(self) -> None:
        """Close the client's connection."""
        self._gone.set()
        self.taking.set()

    async def until_body(self, wanted: bytes) -> None:
        """Wait until the answer's body holds `wanted`."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: wanted in self.body)

    async def _receive(self) -> Message:
        if self._body:
            piece = self._body.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._body)}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self.taking.wait()
        if self._gone.is_set():
            return  # as uvicorn: written to nowhere
        self.messages.append(message)
        if message["type"] == "http.response.body":
            self._journal.append("done" if b"[DONE]" in message["body"] else "bytes")
            if not message["more_body"]:
                self._gone.set()  # as uvicorn: nothing more will be received
        async with self._changed:
            self._changed.notify_all()

    @property
    def chunks(self) -> list[bytes]:
        return [each["body"] for each in self.messages[1:] if each["body"]]

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        given: list[tuple[bytes, bytes]] = self.messages[0]["headers"]
        assert len(dict(given)) == len(given), "a header was sent twice"
        return {name.decode(): value.decode() for name, value in given}

    @property
    def is_whole(self) -> bool:
        """Whether the answer was ended properly."""
        return bool(self.messages) and self.messages[-1].get("more_body") is False

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    def error(self) -> dict[str, Any]:
        """The error object of the body."""
        found: dict[str, Any] = self.json()["error"]
        return found

    def events(self) -> list[bytes]:
        """The data of the answer's events, comments left out."""
        frames = self.body.replace(b"\r\n", b"\n").split(b"\n\n")
        return [frame[6:] for frame in frames if frame.startswith(b"data: ")]


FAST = Timeouts(
    connect_s=promised(2.0),
    first_byte_s=promised(0.4),
    between_bytes_s=promised(0.4),
    pool_wait_s=promised(1.0),
)


class House:
    """A relay with every port faked but the upstream client, which is the real one."""

    def __init__(
        self,
        *routes: Route,
        timeouts: Timeouts = FAST,
        deadline_s: float = promised(5.0),
        replays: FakeReplays | None = None,
    ) -> None:
        self.journal: list[str] = []
        self.gate = FakeGate(self.journal)
        self.sink = FakeSink()
        self.keys = FakeKeys()
        self.routes = FakeRoutes(offer(*routes))
        self.upstreams = HttpClient(allowed_networks=[ip_network("127.0.0.0/8")])
        # Always the first of a tier, so that tests know where a Call goes.
        self.opener = Opener(self.upstreams, timeouts, deadline_s, draw=lambda: 0.0)
        self.objects, self.replays = FakeObjects(routes), replays or FakeReplays()
        ports = Ports(
            self.keys, self.routes, self.gate, self.sink, self.objects, self.replays, Books()
        )
        self.relay = Relay(
            ports,
            self.opener,
            body_bytes_max=BODY_BYTES_MAX,
            upload_bytes_max=UPLOAD_BYTES_MAX,
        )

    def request(self, **given: Any) -> Exchange:
        return Exchange(self.relay, self.journal, **given)

    def chat(self, prompt: str = "hello", **parameters: Any) -> Exchange:
        """A chat completion, begun."""
        return self.request(body=[chat_body(prompt, **parameters)]).begin()

    async def answer(self, prompt: str = "hello", **parameters: Any) -> Exchange:
        """A chat completion's whole answer."""
        return await self.chat(prompt, **parameters).finish()

    @property
    def end(self) -> Ended:
        """How the one Call ended; there must be exactly one, and no Hold left."""
        assert self.gate.open_count == 0
        (end,) = self.gate.ended
        return end


@asynccontextmanager
async def house(*routes: Route, **given: Any) -> AsyncIterator[House]:
    """A House for the length of the block; no Hold may be left in the end."""
    made = House(*routes, **given)
    await made.relay.start()
    try:
        yield made
        assert made.gate.open_count == 0
        assert len(made.gate.ended) == len(made.gate.admitted)
    finally:
        await made.relay.stop()
        await made.upstreams.aclose()


def chat_body(prompt: str = "hello", **parameters: Any) -> bytes:
    message = {"role": "user", "content": prompt}
    return msgspec.json.encode({"model": MODEL, "messages": [message], **parameters})
