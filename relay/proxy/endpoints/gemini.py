"""`:generateContent` and `:streamGenerateContent`: Google's, passed through or translated. Model
and whether to stream stand in the path.

Source: Gemini API reference, "Generating content", read 2026-11. Google's SDKs ask under `/v1beta`
by default, and under `/v1` when told so.
"""

import time
from collections.abc import Awaitable, Callable

from relay.proxy.answer_headers import Header
from relay.proxy.dialect import Dialect
from relay.proxy.dialects import translate
from relay.proxy.dialects.gemini import counting
from relay.proxy.dialects.gemini.envelope import envelope, envelope_of_count
from relay.proxy.endpoints.conversations import NO_HEADERS, ConversationRequest
from relay.proxy.endpoints.counting import CountRequest
from relay.proxy.errors import Framing
from relay.proxy.exchange import Exchange
from relay.proxy.request import SSE_HEADERS

# A stream without `alt=sse` is the items of one JSON array.
ARRAY_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"application/json; charset=utf-8"),
    *SSE_HEADERS[1:],
)


def reading(*, is_stream: bool) -> Callable[[Exchange], Awaitable[ConversationRequest]]:
    """Reads requests of one of the two operations."""

    async def read(exchange: Exchange) -> ConversationRequest:
        body, model = await exchange.body(), exchange.params["model"]
        is_array = is_stream and exchange.query().get("alt") != "sse"
        framing = Framing.ARRAY_START if is_array else Framing.SSE
        native = envelope(body, model=model, is_stream=is_stream, framing=framing)
        return ConversationRequest(
            native=native,
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
    native = envelope_of_count(await exchange.body(), model=model)
    return CountRequest(
        asked_in=Dialect.GEMINI,
        operation="countTokens",
        model=model,
        guess=native.demand.input_tokens_guess,
        body_for=lambda name: native.body_for(name, output_tokens_cap=None),
        parse=counting.parse_answer,
        render=counting.render_answer,
        head=NO_HEADERS,
    )
