"""`:generateContent` and `:streamGenerateContent`: Google's, passed through or translated. Model
and whether to stream stand in the path.

Source: Gemini API reference, "Generating content", read 2026-11. Google's SDKs ask under `/v1beta`
by default, and under `/v1` when told so.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from relay.proxy.answer_headers import Header
from relay.proxy.dialect import Dialect
from relay.proxy.dialects import translate
from relay.proxy.dialects.gemini import counting, wire
from relay.proxy.endpoints.conversations import NO_HEADERS, ConversationRequest
from relay.proxy.endpoints.counting import CountRequest
from relay.proxy.errors import Framing
from relay.proxy.exchange import Exchange
from relay.proxy.request import SSE_HEADERS, Demand, Reader

# A stream without `alt=sse` is the items of one JSON array.
ARRAY_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"application/json; charset=utf-8"),
    *SSE_HEADERS[1:],
)


@dataclass(frozen=True, slots=True)
class NativeGemini:
    """Implements `conversations.Native`."""

    envelope: wire.Envelope
    framing: Framing

    @property
    def model(self) -> str:
        """The public id, as the path names it."""
        return self.envelope.model

    @property
    def is_stream(self) -> bool:
        """As the path says."""
        return self.envelope.is_stream

    @property
    def demand(self) -> Demand:
        """Tokens of text, images and sound."""
        return self.envelope.demand

    def body_for(self, upstream_model: str, *, output_tokens_cap: int | None) -> bytes:
        """See `Native.body_for`."""
        return self.envelope.body_for(upstream_model, output_tokens_cap=output_tokens_cap)

    def reader(self) -> Reader:
        """See `Native.reader`."""
        return wire.StreamReader(self.framing)

    def read_answer(self, body: bytes) -> wire.Answer:
        """See `Native.read_answer`."""
        return wire.read_answer(body)


def reading(*, is_stream: bool) -> Callable[[Exchange], Awaitable[ConversationRequest]]:
    """Reads requests of one of the two operations."""

    async def read(exchange: Exchange) -> ConversationRequest:
        body, model = await exchange.body(), exchange.params["model"]
        is_array = is_stream and exchange.query().get("alt") != "sse"
        framing = Framing.ARRAY_START if is_array else Framing.SSE
        envelope = wire.envelope(body, model=model, is_stream=is_stream)
        return ConversationRequest(
            native=NativeGemini(envelope, framing),
            dialect=Dialect.GEMINI,
            endpoint=exchange.endpoint,
            parse=lambda: translate.conversation(
                body, Dialect.GEMINI, model=model, is_stream=is_stream
            ),
            request_id=exchange.id,
            created=int(time.time()),
            stream_head=ARRAY_HEADERS if is_array else SSE_HEADERS,
            framing=framing,
        )

    return read


async def count(exchange: Exchange) -> CountRequest:
    """What `:countTokens` asks; raises ApiError naming what is wrong."""
    model = exchange.params["model"]
    envelope = wire.envelope_of_count(await exchange.body(), model=model)
    return CountRequest(
        asked_in=Dialect.GEMINI,
        operation="countTokens",
        model=model,
        guess=envelope.demand.input_tokens_guess,
        body_for=lambda name: envelope.body_for(name, output_tokens_cap=None),
        parse=counting.parse_answer,
        render=counting.render_answer,
        head=NO_HEADERS,
    )
