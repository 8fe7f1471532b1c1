"""`messages/count_tokens`: how the question is put to an upstream, and the answer, both ways.

Source: Anthropic API reference, "Count tokens in a Message", read 2026-11.
"""

import msgspec

from relay.proxy import json_objects
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.messages.request_out import render

# What counts; whatever else a request says does not change how long the prompt is.
_COUNTED = (
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
)


class _Count(msgspec.Struct):
    input_tokens: int


_count = msgspec.json.Decoder(_Count)


def render_request(conversation: Conversation, upstream_model: str) -> bytes:
    """The question for an upstream. Raises ApiError (400) for what Anthropic cannot carry."""
    fields = json_objects.fields.decode(render(conversation, upstream_model))
    return msgspec.json.encode({name: fields[name] for name in _COUNTED if name in fields})


def parse_answer(body: bytes) -> int:
    """The tokens of the prompt. Raises ValueError when the body is no such answer."""
    try:
        tokens = _count.decode(body).input_tokens
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not a token count") from error
    if tokens < 0:
        raise ValueError("not a token count")
    return tokens


def render_answer(input_tokens: int) -> bytes:
    """The body for the client."""
    return msgspec.json.encode(_Count(input_tokens))
