"""Log probabilities as OpenAI writes them, in chat answers and responses alike, both ways.

Source: OpenAI API reference, "The chat completion object" and "The response object", read 2026-11.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from relay.proxy.dialects.events import TokenLogprob


class Token(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list["Token"] | None = None


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
    """The same as it is written."""
    return [
        {
            "token": token.token,
            "logprob": token.logprob,
            "bytes": list(token.token.encode() if token.bytes is None else token.bytes),
            **({} if is_top else {"top_logprobs": logprobs_body(token.top, is_top=True)}),
        }
        for token in tokens
    ]
