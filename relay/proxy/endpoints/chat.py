"""`/v1/chat/completions`: OpenAI's chat, passed through or translated."""

import time

from relay.proxy.dialect import Dialect
from relay.proxy.dialects.chat.envelope import envelope
from relay.proxy.endpoints import conversations
from relay.proxy.endpoints.conversations import ConversationRequest
from relay.proxy.exchange import Exchange


async def read(exchange: Exchange) -> ConversationRequest:
    """The request; raises ApiError naming what is wrong."""
    native = envelope(await exchange.body())
    return conversations.of_body(
        exchange, native.body, native, created=int(time.time()), dialect=Dialect.CHAT
    )
