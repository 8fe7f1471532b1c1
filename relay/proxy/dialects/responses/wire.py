"""Responses between a client and an upstream that both speak them: which bytes carry usage, errors
and the end. Sans-IO; text passes through as it came, and is never decoded but in the last event.

Source: OpenAI API reference, "Streaming events" of responses, read 2026-11.
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from relay.proxy import sse
from relay.proxy.dialects import pass_through
from relay.proxy.dialects.decoding import NULL, is_given
from relay.proxy.dialects.pass_through import Answer
from relay.proxy.dialects.responses import usage as usage_object
from relay.proxy.estimate import DeliveredCounter, texts_of
from relay.proxy.types import Usage

# The last event repeats the whole answer, with the instructions and tools of the question.
FRAME_BYTES_MAX = 8_000_000

_NOTABLE = (
    re.compile(rb'"type"\s*:\s*"(?:response\.(?:completed|incomplete|failed)|error)"'),
    re.compile(rb"event:[ ]?(?:error|response\.(?:completed|incomplete|failed))"),
)
_OUTPUT = re.compile(rb'"type"\s*:\s*"response\.(?:output_item|[a-z_]+\.delta)')
_TEXTS = texts_of("delta")
_LAST = ("response.completed", "response.incomplete")


class _Response(msgspec.Struct):
    status: str | None = None
    output: list[msgspec.Raw] | None = None
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


class _Event(msgspec.Struct):
    type: str | None = None
    response: _Response | None = None


_response = msgspec.json.Decoder(_Response)
_event = msgspec.json.Decoder(_Event)


def read_answer(body: bytes) -> Answer:
    """Look into a non-streamed answer."""
    try:
        given = _response.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return Answer(is_valid=False, usage=None)
    has_ended = given.status in ("completed", "incomplete") and given.output is not None
    figures = usage_object.parse(given.usage) if is_given(given.usage) else None
    return Answer(has_ended and not is_given(given.error), figures)


@dataclass(slots=True)
class StreamReader(pass_through.StreamReader):
    """The event that ends the answer is kept back; responses know no other sign of their end."""

    notable: ClassVar[tuple[re.Pattern[bytes], ...]] = _NOTABLE
    output: ClassVar[re.Pattern[bytes]] = _OUTPUT
    usage: Usage | None = None
    last: bytes = b""
    _buffer: sse.FrameBuffer = field(default_factory=lambda: sse.FrameBuffer(FRAME_BYTES_MAX))
    _delivered: DeliveredCounter = field(default_factory=lambda: DeliveredCounter(_TEXTS))

    def _rest(self) -> bytes:
        """A last event without its blank line still counts; anything else was cut off."""
        tail = self._buffer.tail.strip()
        if tail and self._is_notable(tail):
            self._passes(tail + b"\n\n")
        return b""

    def _passes(self, each: bytes) -> bool:
        data = sse.data_of(each)
        if not self._is_notable(each):
            return data.strip() != b"[DONE]"
        try:
            given = _event.decode(data)
        except (msgspec.DecodeError, RecursionError):
            return True
        if given.type in ("response.failed", "error"):
            self.has_error = True
            return False
        if given.type not in _LAST or given.response is None:
            return True
        self.is_done, self.last, self.has_output = True, each, True
        if is_given(given.response.usage):
            self.usage = usage_object.parse(given.response.usage)
        return False
