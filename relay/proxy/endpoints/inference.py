"""Endpoints whose requests go to an Upstream: admitted, relayed, metered, settled."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.proxy.dialect import Dialect
from relay.proxy.exchange import Exchange
from relay.proxy.request import Request

if TYPE_CHECKING:
    from relay.proxy.app import Relay


@dataclass(frozen=True, slots=True)
class Inference:
    """Implements `exchange.Endpoint` for requests that `read` makes of what came in."""

    name: str
    dialect: Dialect
    read: Callable[[Exchange], Awaitable[Request]]

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`. The key is looked at before the body is taken."""
        await relay.authenticate(exchange)
        request = await self.read(exchange)
        further = [await self.read(exchange.asking(name)) for name in exchange.wishes.models]
        await relay.conduct(exchange, request, further)


def of_body(read: Callable[[bytes], Request]) -> Callable[[Exchange], Awaitable[Request]]:
    """Reads a request of nothing but its JSON body."""

    async def from_exchange(exchange: Exchange) -> Request:
        return read(await exchange.body())

    return from_exchange
