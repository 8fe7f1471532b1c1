"""Every dialect that callers speak, and every kind of upstream that may have to answer."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from devstack.demo_upstream.server import Running
from relay.proxy.dialect import Dialect
from relay.proxy.types import Usage
from relay.proxy.upstream.port import Timeouts
from relay.proxy.wire import Kind, Quirks, Wire, wire
from tests.relay.proxy.fakes import MODEL, SECRET, Ended, Exchange, House, house, route
from tests.scenarios.dialects import chat, gemini, messages, responses
from tests.scenarios.dialects.ask import Ask, Broken, Seen, Speech

KEY = b"sk-upstream"
# None of these upstreams is silent: what takes long is a busy machine.
PATIENT = Timeouts(connect_s=30.0, first_byte_s=30.0, between_bytes_s=30.0, pool_wait_s=30.0)
SPEECHES: Mapping[str, Speech] = {
    "chat": chat.SPEECH,
    "messages": messages.SPEECH,
    "gemini": gemini.SPEECH,
    "responses": responses.SPEECH,
}
UPSTREAMS: Mapping[str, Wire] = {
    "openai": wire(Kind.OPENAI, KEY, Quirks()),
    "openai-responses": wire(Kind.OPENAI, KEY, Quirks(speaks=(Dialect.RESPONSES,))),
    "anthropic": wire(Kind.ANTHROPIC, KEY, Quirks()),
    "gemini": wire(Kind.GEMINI, KEY, Quirks()),
    "azure-openai": wire(Kind.AZURE, KEY, Quirks()),
}
# The caller's dialect is the upstream's own: bytes pass through.
NATIVE = {
    ("chat", "openai"),
    ("chat", "azure-openai"),
    ("responses", "openai-responses"),
    ("messages", "anthropic"),
    ("gemini", "gemini"),
}
PAIRS = [(client, upstream) for client in SPEECHES for upstream in UPSTREAMS]
TRANSLATED = [pair for pair in PAIRS if pair not in NATIVE]


@dataclass(frozen=True, slots=True)
class Pair:
    """A caller's dialect before a relay whose one upstream speaks another, or the same."""

    client: str
    upstream: str
    house: House
    demo: Running

    @property
    def speech(self) -> Speech:
        return SPEECHES[self.client]

    @property
    def is_native(self) -> bool:
        return (self.client, self.upstream) in NATIVE

    async def exchange(self, ask: Ask) -> Exchange:
        """The request and its answer, whatever it is."""
        sent = self.speech.sent(ask, MODEL, SECRET)
        headers = {"authorization": ""} | dict(sent.headers)
        exchange = self.house.request(path=sent.path, headers=headers, body=[sent.body])
        exchange.ask(sent.query)
        return await exchange.begin().finish()

    async def answer(self, ask: Ask) -> Seen:
        """The answer to a request that must succeed."""
        exchange = await self.exchange(ask)
        assert exchange.status == 200, exchange.body
        assert exchange.is_whole
        read = self.speech.stream if ask.is_stream else self.speech.whole
        return read(exchange.body)

    async def refusal(self, ask: Ask, status: int = 400) -> Broken:
        """The error that the request must get."""
        exchange = await self.exchange(ask)
        assert exchange.status == status, exchange.body
        return self.speech.error(exchange.body)

    @property
    def end(self) -> Ended:
        """How the newest Call ended."""
        assert self.house.gate.open_count == 0
        return self.house.gate.ended[-1]

    @property
    def upstream_call(self) -> dict[str, Any]:
        """What the upstream recorded of its newest call."""
        return self.demo.calls()[-1]


@asynccontextmanager
async def paired(client: str, upstream: str, demo: Running) -> AsyncIterator[Pair]:
    """A Pair for the length of the block; no Hold may be left in the end."""
    base = f"{demo.root_url}/openai" if upstream == "azure-openai" else demo.base_url
    async with house(route(base, "one", wire=UPSTREAMS[upstream]), timeouts=PATIENT) as made:
        yield Pair(client, upstream, made, demo)


def buckets(usage: Usage | None) -> dict[str, int]:
    """Usage by billing's names, as the upstream's record has it; zero where nothing fell in."""
    assert usage is not None
    counted = {
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }
    return counted | dict(usage.other)
