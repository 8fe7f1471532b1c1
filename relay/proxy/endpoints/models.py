"""`/v1/models`: what the caller's key may use, in OpenAI's shape or, to a client that names its
`anthropic-version`, in Anthropic's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.proxy import model_list
from relay.proxy.dialect import Dialect
from relay.proxy.dialects.gemini import models as gemini_models
from relay.proxy.dialects.messages import models as messages_models
from relay.proxy.exchange import Exchange
from relay.proxy.request import JSON_HEADERS
from relay.proxy.types import Caller

if TYPE_CHECKING:
    from relay.proxy.app import Relay


@dataclass(frozen=True, slots=True)
class Models:
    """Implements `exchange.Endpoint`: the list, or the one model that the path names."""

    name: str = "models"
    dialect: Dialect = Dialect.CHAT

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        if b"x-goog-api-key" in exchange.client.headers:  # Google's client, told to use `/v1`
            exchange.dialect = Dialect.GEMINI
            await GoogleModels().serve(relay, exchange)
            return
        caller = await relay.authenticate(exchange)
        if b"anthropic-version" in exchange.client.headers:
            exchange.dialect = Dialect.MESSAGES
            body = _anthropic(exchange, caller)
        elif (model_id := exchange.params.get("model")) is not None:
            body = model_list.single(
                exchange.offers, caller, model_id, exchange.aliases, exchange.retired
            )
        else:
            body = model_list.listing(exchange.offers, caller)
        request_id = (b"x-request-id", exchange.id.encode())
        await exchange.client.answer(200, (*JSON_HEADERS, request_id), body)


@dataclass(frozen=True, slots=True)
class GoogleModels:
    """Implements `exchange.Endpoint` for Google's clients."""

    name: str = "models"
    dialect: Dialect = Dialect.GEMINI

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        caller = await relay.authenticate(exchange)
        query = exchange.query()
        if (model_id := exchange.params.get("model")) is not None:
            body = gemini_models.single(
                exchange.offers, caller, model_id, exchange.aliases, exchange.retired
            )
        else:
            body = gemini_models.listing(
                exchange.offers,
                caller,
                page_size=query.get("pageSize"),
                page_token=query.get("pageToken"),
            )
        request_id = (b"x-request-id", exchange.id.encode())
        await exchange.client.answer(200, (*JSON_HEADERS, request_id), body)


def _anthropic(exchange: Exchange, caller: Caller) -> bytes:
    if (model_id := exchange.params.get("model")) is not None:
        return messages_models.single(
            exchange.offers, caller, model_id, exchange.aliases, exchange.retired
        )
    query = exchange.query()
    return messages_models.listing(
        exchange.offers,
        caller,
        limit=query.get("limit"),
        after_id=query.get("after_id"),
        before_id=query.get("before_id"),
    )
