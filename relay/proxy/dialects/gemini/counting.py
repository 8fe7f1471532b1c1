"""`countTokens`: how the question is put to an upstream, and the answer, both ways.

Source: Gemini API reference, "countTokens", read 2026-11.
"""

import msgspec

from relay.proxy import json_objects
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.gemini.request_out import render


class _Modality(msgspec.Struct, rename="camel"):
    modality: str
    token_count: int


class _Count(msgspec.Struct, rename="camel", omit_defaults=True):
    total_tokens: int
    prompt_tokens_details: list[_Modality] | None = None


_count = msgspec.json.Decoder(_Count)


def render_request(conversation: Conversation, upstream_model: str) -> bytes:
    """The question for an upstream. Raises ApiError (400) for what Google cannot carry."""
    fields = json_objects.fields.decode(render(conversation, upstream_model))
    named = {"model": f"models/{upstream_model}", **fields}
    return msgspec.json.encode({"generateContentRequest": named})


def parse_answer(body: bytes) -> int:
    """The tokens of the prompt. Raises ValueError when the body is no such answer."""
    try:
        tokens = _count.decode(body).total_tokens
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not a token count") from error
    if tokens < 0:
        raise ValueError("not a token count")
    return tokens


def render_answer(input_tokens: int) -> bytes:
    """The body for the client. What another vendor counted is not told apart by modality."""
    return msgspec.json.encode(_Count(input_tokens))
