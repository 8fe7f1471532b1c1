"""`/v1/responses`: OpenAI's, passed through or translated."""

import time

from relay.proxy.dialect import Dialect
from relay.proxy.dialects.responses.envelope import envelope
from relay.proxy.endpoints import conversations
from relay.proxy.endpoints.conversations import ConversationRequest
from relay.proxy.exchange import Exchange


async def read(exchange: Exchange) -> ConversationRequest:
    """The request; raises ApiError naming what is wrong."""
    body = await exchange.body()
    return conversations.of_body(
        exchange, body, envelope(body), created=int(time.time()), dialect=Dialect.RESPONSES
    )
