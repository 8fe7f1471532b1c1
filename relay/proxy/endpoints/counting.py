"""Counting a prompt's tokens, as Anthropic's and Google's clients ask for it: by the vendor where
one of the same dialect serves the model, else by us. It costs nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from relay.proxy.answer_headers import request_id_headers
from relay.proxy.dialect import Dialect
from relay.proxy.endpoints.one_piece import OnePiece
from relay.proxy.errors import ApiError, Cause
from relay.proxy.exchange import Exchange
from relay.proxy.request import JSON_HEADERS, Demand, NotAnAnswer, Outgoing, Whole
from relay.proxy.types import Route
from relay.proxy.upstream.port import HeaderBlock

if TYPE_CHECKING:
    from relay.proxy.app import Relay

FREE = Demand(generates=False, measures=(), is_free=True)


@dataclass(frozen=True, slots=True)
class CountRequest(OnePiece):
    """Implements `request.Request`."""

    asked_in: Dialect
    operation: str
    model: str
    guess: int  # about what it will be, for where no vendor counts
    body_for: Callable[[str], bytes]
    parse: Callable[[bytes], int]
    render: Callable[[int], bytes]
    head: HeaderBlock
    demand: ClassVar[Demand] = FREE

    @property
    def dialect(self) -> Dialect:
        """The client's."""
        return self.asked_in

    @property
    def endpoint(self) -> str:
        """The operation's name."""
        return self.operation

    def can_ask(self, route: Route) -> bool:
        """Whether the Upstream of a Route counts requests of this dialect."""
        return self.dialect in route.wire.speaks and route.wire.has(self.operation)

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`."""
        if not self.can_ask(route):
            raise ApiError(Cause.ENDPOINT_NOT_SUPPORTED, param="model", detail=self.model)
        head = HeaderBlock(route.wire.json_head + self.head)
        return Outgoing(
            route.wire.path(self.operation, route.name), self.body_for(route.name), head
        )

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`."""
        try:
            return Whole(self.render(self.parse(body)), None)
        except ValueError:
            raise NotAnAnswer("not_an_answer") from None


@dataclass(frozen=True, slots=True)
class CountTokens:
    """Implements `exchange.Endpoint`."""

    name: str
    dialect: Dialect
    read: Callable[[Exchange], Awaitable[CountRequest]]

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        caller = await relay.authenticate(exchange)
        request = await self.read(exchange)
        exchange.model = request.model[:200]
        offer = relay.offer(exchange, caller, request.model)
        if any(request.can_ask(route) for route in offer.routes):
            await relay.conduct(exchange, request)
            return
        headers = (*JSON_HEADERS, *request_id_headers(exchange.id, self.dialect))
        await exchange.client.answer(200, headers, request.render(request.guess))
