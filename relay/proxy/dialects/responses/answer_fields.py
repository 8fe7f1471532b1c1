"""The fields of a response object that translation reads. What is not named here (the vendor's own
tools) was not asked for.

Source: OpenAI API reference, "The response object", read 2026-11.
"""

import msgspec

from relay.proxy.dialects.decoding import NULL
from relay.proxy.dialects.logprobs import Token


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
