"""Responses between a client and an upstream that both speak them: which bytes carry usage, errors
and the end. Sans-IO; text passes through as it came, and is never decoded but in the last event.

Source: OpenAI API reference, "Streaming events" of responses, read 2026-11.
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from relay.proxy import sse
from relay.proxy.dialects.decoding import NULL, is_given
from relay.proxy.dialects.responses import usage as usage_object
from relay.proxy.errors import Framing
from relay.proxy.estimate import DeliveredCounter, texts_of
from relay.proxy.types import Usage

# The last event repeats the whole answer, with the instructions and tools of the question.
FRAME_BYTES_MAX = 8_000_000

# Quotes inside strings are escaped, so that what the model says never looks like these.
_NOTABLE = re.compile(
    rb'"type"\s*:\s*"(?:response\.(?:completed|incomplete|failed)|error)"'
    rb"|^event:[ ]?(?:error|response\.(?:completed|incomplete|failed))",
    re.M,
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


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, as far as we look."""

    is_valid: bool  # a response that has ended, and not in failure
    usage: Usage | None  # None: not given, or not in order


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
class StreamReader:
    """Follows a stream: hands on frames as they are, keeps what they say of usage and the end.

    The event that ends the answer is kept back, so that the debit comes before the last byte.
    """

    framing: ClassVar[Framing] = Framing.SSE
    usage: Usage | None = None
    is_done: bool = False
    has_error: bool = False
    has_output: bool = False  # an item of output went by, or an end without any
    last: bytes = b""
    _buffer: sse.FrameBuffer = field(default_factory=lambda: sse.FrameBuffer(FRAME_BYTES_MAX))
    _delivered: DeliveredCounter = field(default_factory=lambda: DeliveredCounter(_TEXTS))

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that may go to the client now. An empty chunk says that the body is over."""
        if self.is_done or self.has_error:
            return b""
        if not chunk:
            return self._end()
        block = self._buffer.feed(chunk)
        if _NOTABLE.search(block):
            block = b"".join([each for each in sse.frames(block) if self._passes(each)])
        if block:
            self._delivered.add(block)
            self.has_output = self.has_output or _OUTPUT.search(block) is not None
        return block

    @property
    def is_finished(self) -> bool:
        """Whether the end went by: responses know no other sign of it."""
        return self.is_done

    @property
    def delivered_tokens(self) -> int:
        """Output tokens handed on so far, by our count."""
        return self._delivered.tokens

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole."""
        return self.is_done

    @property
    def has_overlong(self) -> bool:
        """Whether a frame went out in pieces: the client may hold half of it."""
        return self._buffer.has_overlong

    def _end(self) -> bytes:
        """A last event without its blank line still counts; anything else was cut off."""
        tail = self._buffer.tail.strip()
        if tail and _NOTABLE.search(tail):
            self._passes(tail + b"\n\n")
        return b""

    def _passes(self, each: bytes) -> bool:
        """Take note of a frame; False keeps it from the client."""
        if self.is_done or self.has_error:
            return False
        data = sse.data_of(each)
        if not _NOTABLE.search(each):
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
