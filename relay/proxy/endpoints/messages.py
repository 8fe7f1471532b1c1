"""`/v1/messages` and `/v1/messages/count_tokens`: Anthropic's, passed through or translated.

Source: Anthropic API reference, "Create a Message", "Count tokens in a Message" and "Beta
headers", read 2026-11.
"""

import re
import time

from relay.proxy.dialect import Dialect
from relay.proxy.dialects.messages import counting
from relay.proxy.dialects.messages.envelope import envelope, envelope_of_count
from relay.proxy.endpoints import conversations
from relay.proxy.endpoints.conversations import ConversationRequest
from relay.proxy.endpoints.counting import CountRequest
from relay.proxy.exchange import Exchange
from relay.proxy.upstream.port import HeaderBlock
from relay.proxy.upstream.request_head import header_block

COUNT = "messages/count_tokens"
# The features that a caller asks for by name; what may stand in one is no more than this.
_BETAS = re.compile(rb"[A-Za-z0-9_.,: -]{1,1000}")


async def read(exchange: Exchange) -> ConversationRequest:
    """The request; raises ApiError naming what is wrong."""
    body = await exchange.body()
    request = conversations.of_body(
        exchange, body, envelope(body), created=int(time.time()), dialect=Dialect.MESSAGES
    )
    request.native_head = betas(exchange)
    return request


def betas(exchange: Exchange) -> HeaderBlock:
    """The caller's `anthropic-beta`, for upstreams that know it."""
    given = exchange.client.headers.get(b"anthropic-beta", b"")
    if not _BETAS.fullmatch(given):
        return HeaderBlock(b"")
    return header_block([(b"anthropic-beta", given)])


async def count(exchange: Exchange) -> CountRequest:
    """What `messages/count_tokens` asks; raises ApiError naming what is wrong."""
    native = envelope_of_count(await exchange.body())
    return CountRequest(
        asked_in=Dialect.MESSAGES,
        operation=COUNT,
        model=native.model,
        guess=native.demand.input_tokens_guess,
        body_for=lambda name: native.body_for(name, output_tokens_cap=None),
        parse=counting.parse_answer,
        render=counting.render_answer,
        head=betas(exchange),
    )
