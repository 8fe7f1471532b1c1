"""`/v1/chat/completions`: OpenAI's chat, passed through or translated."""

import time
from dataclasses import dataclass

from relay.proxy.chat_request import ChatRequest, parse
from relay.proxy.dialect import Dialect
from relay.proxy.dialects import openai
from relay.proxy.endpoints import conversations
from relay.proxy.endpoints.conversations import ConversationRequest
from relay.proxy.exchange import Exchange
from relay.proxy.request import Demand, Reader


@dataclass(frozen=True, slots=True)
class NativeChat:
    """Implements `conversations.Native`."""

    chat: ChatRequest

    @property
    def model(self) -> str:
        """The public id."""
        return self.chat.model

    @property
    def is_stream(self) -> bool:
        """As the caller asked."""
        return self.chat.is_stream

    @property
    def demand(self) -> Demand:
        """Tokens, and audio tokens where the request has to do with audio."""
        return self.chat.demand

    def body_for(self, upstream_model: str, *, output_tokens_cap: int | None) -> bytes:
        """See `Native.body_for`."""
        return self.chat.body_for(upstream_model, output_tokens_cap=output_tokens_cap)

    def reader(self) -> Reader:
        """See `Native.reader`."""
        return openai.StreamReader(self.chat.wants_usage_frame)

    def read_answer(self, body: bytes) -> openai.Answer:
        """See `Native.read_answer`."""
        return openai.read_answer(body)


async def read(exchange: Exchange) -> ConversationRequest:
    """The request; raises ApiError naming what is wrong."""
    native = NativeChat(parse(await exchange.body()))
    return conversations.of_body(
        exchange, native.chat.body, native, created=int(time.time()), dialect=Dialect.CHAT
    )
