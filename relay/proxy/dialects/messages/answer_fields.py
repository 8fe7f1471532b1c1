"""The fields of an answer and of a stream's events that are looked at. Shapes only.

Source: Anthropic API reference, "Create a Message" and "Streaming Messages", read 2026-11. One
struct serves all kinds of block, and one all kinds of event: unknown kinds must not fail.
"""

import msgspec

from relay.proxy.dialects.decoding import NULL


class Block(msgspec.Struct):
    """A content block, whole or at its start."""

    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = NULL


class Answer(msgspec.Struct):
    """A whole answer, or what a stream begins with."""

    type: str | None = None
    id: str | None = None
    model: str | None = None
    content: list[Block] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: msgspec.Raw = NULL


class Delta(msgspec.Struct):
    """What is new, of a block or of the message."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class StreamEvent(msgspec.Struct):
    """One event of a stream."""

    type: str
    index: int | None = None
    message: Answer | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: msgspec.Raw = NULL


answer = msgspec.json.Decoder(Answer)
stream_event = msgspec.json.Decoder(StreamEvent)
