"""`/v1/messages` and `/v1/messages/count_tokens`: Anthropic's, passed through or translated.

Source: Anthropic API reference, "Create a Message", "Count tokens in a Message" and "Beta
headers", read 2026-11.
"""

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec

from relay.proxy import errors
from relay.proxy.answer_headers import Header
from relay.proxy.dialect import Dialect
from relay.proxy.dialects.messages import counting, wire
from relay.proxy.endpoints import conversations
from relay.proxy.endpoints.conversations import ConversationRequest
from relay.proxy.errors import ApiError, Cause
from relay.proxy.exchange import Exchange
from relay.proxy.request import JSON_HEADERS, Demand, NotAnAnswer, Outgoing, Reader, Whole
from relay.proxy.types import Route, Site
from relay.proxy.upstream.port import HeaderBlock
from relay.proxy.upstream.request_head import header_block

if TYPE_CHECKING:
    from relay.proxy.app import Relay

COUNT = "messages/count_tokens"
# The features that a caller asks for by name; what may stand in one is no more than this.
_BETAS = re.compile(rb"[A-Za-z0-9_.,: -]{1,1000}")


@dataclass(frozen=True, slots=True)
class NativeMessages:
    """Implements `conversations.Native`."""

    envelope: wire.Envelope

    @property
    def model(self) -> str:
        """The public id."""
        return self.envelope.model

    @property
    def is_stream(self) -> bool:
        """As the caller asked."""
        return self.envelope.is_stream

    @property
    def demand(self) -> Demand:
        """Tokens, those that are written to the cache included."""
        return self.envelope.demand

    def body_for(self, upstream_model: str, *, output_tokens_cap: int | None) -> bytes:
        """See `Native.body_for`."""
        return self.envelope.body_for(upstream_model, output_tokens_cap=output_tokens_cap)

    def reader(self) -> Reader:
        """See `Native.reader`."""
        return wire.StreamReader()

    def read_answer(self, body: bytes) -> wire.Answer:
        """See `Native.read_answer`."""
        return wire.read_answer(body)


async def read(exchange: Exchange) -> ConversationRequest:
    """The request; raises ApiError naming what is wrong."""
    body = await exchange.body()
    native = NativeMessages(wire.envelope(body))
    request = conversations.of_body(
        exchange,
        body,
        native,
        created=int(time.time()),
        dialect=Dialect.MESSAGES,
    )
    request.native_head = betas(exchange)
    return request


def betas(exchange: Exchange) -> HeaderBlock:
    """The caller's `anthropic-beta`, for upstreams that know it."""
    given = exchange.client.headers.get(b"anthropic-beta", b"")
    if not _BETAS.fullmatch(given):
        return HeaderBlock(b"")
    return header_block([(b"anthropic-beta", given)])


@dataclass(frozen=True, slots=True)
class CountRequest:
    """Implements `request.Request` for what Anthropic counts; it costs nothing."""

    envelope: wire.Envelope
    head: HeaderBlock
    endpoint: ClassVar[str] = COUNT
    dialect: ClassVar[Dialect] = Dialect.MESSAGES
    is_stream: ClassVar[bool] = False
    demand: ClassVar[Demand] = Demand(generates=False, measures=(), is_free=True)

    @property
    def model(self) -> str:
        """The public id."""
        return self.envelope.model

    def spoken(self, route: Route) -> Dialect:
        """See `Request.spoken`."""
        return self.dialect

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`."""
        if not can_count(route):
            raise ApiError(Cause.ENDPOINT_NOT_SUPPORTED, param="model", detail=self.model)
        body = self.envelope.body_for(route.name, output_tokens_cap=None)
        head = HeaderBlock(route.wire.json_head + self.head)
        return Outgoing(route.wire.path(COUNT, route.name), body, head)

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """Never asked for: the answer is one piece."""
        raise NotAnAnswer("not_a_stream")

    def stream_headers(self, content_type: bytes) -> tuple[Header, ...]:
        """Never asked for."""
        return JSON_HEADERS

    def failure(self, error: ApiError, reader: Reader, site: Site, request_id: str) -> bytes:
        """Never asked for."""
        return errors.event(error, site.contract, self.dialect, site.language, request_id)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`."""
        try:
            counted = counting.parse_answer(body)
        except (ValueError, msgspec.DecodeError):
            raise NotAnAnswer("not_an_answer") from None
        return Whole(counting.render_answer(counted), None)


def can_count(route: Route) -> bool:
    """Whether the Upstream of a Route counts Anthropic's requests itself."""
    return Dialect.MESSAGES in route.wire.speaks and route.wire.has(COUNT)


@dataclass(frozen=True, slots=True)
class CountTokens:
    """Implements `exchange.Endpoint`: the vendor's own count where there is one, else about what
    it would be."""

    name: str = COUNT
    dialect: Dialect = Dialect.MESSAGES

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        caller = await relay.authenticate(exchange)
        envelope = wire.envelope_of_count(await exchange.body())
        exchange.model = envelope.model[:200]
        offer = relay.offer(exchange, caller, envelope.model)
        if any(can_count(route) for route in offer.routes):
            await relay.conduct(exchange, CountRequest(envelope, betas(exchange)))
            return
        request_id = (b"request-id", exchange.id.encode())
        body = counting.render_answer(envelope.demand.input_tokens_guess)
        await exchange.client.answer(200, (*JSON_HEADERS, request_id), body)
