"""The fields of a response object that translation reads, and log probabilities both ways. What is
not named here (the vendor's own tools) was not asked for.

Source: OpenAI API reference, "The response object", read 2026-11.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from relay.proxy.dialects.decoding import NULL
from relay.proxy.dialects.events import TokenLogprob


class Token(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list["Token"] | None = None


class Content(msgspec.Struct):
    """A piece of a message (output_text, refusal) or of reasoning."""

    type: str = ""
    text: str = ""
    refusal: str = ""
    logprobs: list[Token] | None = None


class Item(msgspec.Struct):
    """An item of output, whichever."""

    type: str
    id: str = ""
    content: list[Content] | None = None
    summary: list[Content] | None = None
    encrypted_content: str | None = None
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    result: str | None = None


class Incomplete(msgspec.Struct):
    reason: str | None = None


class Response(msgspec.Struct):
    """A response, as it stands."""

    object: str | None = None
    id: str = ""
    model: str = ""
    created_at: int | float = 0
    status: str | None = None
    output: list[Item] | None = None
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    incomplete_details: Incomplete | None = None


decoder = msgspec.json.Decoder(Response)


def logprobs_of(tokens: Iterable[Token]) -> tuple[TokenLogprob, ...]:
    """Log probabilities in the common form."""
    return tuple(
        TokenLogprob(
            token.token,
            token.logprob,
            None if token.bytes is None else tuple(token.bytes),
            logprobs_of(token.top_logprobs or []),
        )
        for token in tokens
    )


def logprobs_body(tokens: Iterable[TokenLogprob], *, is_top: bool = False) -> list[dict[str, Any]]:
    """Log probabilities as OpenAI writes them."""
    return [
        {
            "token": token.token,
            "logprob": token.logprob,
            "bytes": list(token.token.encode() if token.bytes is None else token.bytes),
            **({} if is_top else {"top_logprobs": logprobs_body(token.top, is_top=True)}),
        }
        for token in tokens
    ]
