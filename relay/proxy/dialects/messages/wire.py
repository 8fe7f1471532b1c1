"""Messages answers between a client and an upstream that both speak Anthropic: which bytes carry
usage, errors and the end. Sans-IO; text passes through as it came, and is never decoded.

Source: Anthropic, "Streaming Messages", read 2026-11.
"""

import re
from dataclasses import dataclass, field, replace
from typing import ClassVar

import msgspec

from relay.proxy import sse
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.messages import answer_fields
from relay.proxy.dialects.messages import usage as usage_object
from relay.proxy.dialects.messages.envelope import Envelope, envelope, envelope_of_count
from relay.proxy.dialects.messages.stream_out import frame
from relay.proxy.errors import Framing
from relay.proxy.estimate import DeliveredCounter, texts_of
from relay.proxy.types import Usage

__all__ = ["Answer", "Envelope", "StreamReader", "envelope", "envelope_of_count", "read_answer"]

PATH = "/messages"
COUNT_PATH = "/messages/count_tokens"
# The fields of answers and deltas that hold output.
TEXTS = texts_of("text", "thinking", "partial_json")

# Quotes inside strings are escaped, so that what the model says never looks like these.
_NOTABLE = re.compile(
    rb'"usage"\s*:\s*\{|"type"\s*:\s*"(?:message_stop|error)"|"stop_reason"\s*:\s*"'
    rb"|^event:[ ]?(?:error|message_stop)",
    re.M,
)
_OUTPUT = re.compile(rb'"type"\s*:\s*"(?:content_block_start|content_block_delta|message_delta)"')
_ERROR_EVENT = re.compile(rb"^event:[ ]?error", re.M)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, as far as we look."""

    is_valid: bool  # a message with content
    usage: Usage | None  # None: not given, or not in order


def read_answer(body: bytes) -> Answer:
    """Look into a non-streamed answer."""
    try:
        given = answer_fields.answer.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return Answer(is_valid=False, usage=None)
    is_valid = given.type == "message" and given.content is not None
    return Answer(is_valid, usage_object.parse(given.usage) if is_given(given.usage) else None)


@dataclass(slots=True)
class StreamReader:
    """Follows a stream: hands on frames as they are, keeps what they say of usage and the end.

    `message_stop` is kept back, so that the debit comes before the last byte.
    """

    framing: ClassVar[Framing] = Framing.SSE
    is_done: bool = False
    is_finished: bool = False  # a stop reason went by
    has_error: bool = False
    has_output: bool = False  # a block went by, or the end of an answer without any
    last: bytes = frame("message_stop")  # for vendors that send none
    _buffer: sse.FrameBuffer = field(default_factory=sse.FrameBuffer)
    _delivered: DeliveredCounter = field(default_factory=lambda: DeliveredCounter(TEXTS))
    _running: usage_object.Running = field(default_factory=usage_object.Running)
    _has_final_usage: bool = False

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that may go to the client now."""
        if self.is_done or self.has_error:
            return b""
        block = self._buffer.feed(chunk)
        if _NOTABLE.search(block):
            block = b"".join([each for each in sse.frames(block) if self._passes(each)])
        if block:
            self._delivered.add(block)
            self.has_output = self.has_output or _OUTPUT.search(block) is not None
        return block

    @property
    def usage(self) -> Usage | None:
        """What was used. Of a stream that has only begun, the input is the upstream's figure and
        the output our own count, marked as an estimate."""
        known = self._running.usage
        if known is None or self._has_final_usage:
            return known
        made = max(known.output_tokens, self.delivered_tokens)
        return replace(known, output_tokens=made, is_estimated=True)

    @property
    def delivered_tokens(self) -> int:
        """Output tokens handed on so far, by our count."""
        return self._delivered.tokens

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole, with or without a `message_stop`."""
        if self.is_done or self.has_error:
            return self.is_done
        tail = self._buffer.tail.strip()
        # A frame that is cut off spoils the answer, but not a last one without its blank line.
        return self._kind_of(sse.data_of(tail)) == "message_stop" if tail else self.is_finished

    @property
    def has_overlong(self) -> bool:
        """Whether a frame went out in pieces: the client may hold half of it."""
        return self._buffer.has_overlong

    def _passes(self, each: bytes) -> bool:
        """Take note of a frame; False keeps it from the client."""
        if self.is_done or self.has_error:
            return False
        data = sse.data_of(each)
        if _ERROR_EVENT.search(each):
            self.has_error = True
            return False
        try:
            given = answer_fields.stream_event.decode(data)
        except (msgspec.DecodeError, RecursionError):
            return True
        match given.type:
            case "error":
                self.has_error = True
                return False
            case "message_stop":
                self.is_done, self.last = True, each
                return False
            case "message_start" if given.message is not None:
                self._note(given.message.usage)
            case "message_delta":
                self._note(given.usage)
                self._has_final_usage = self._has_final_usage or is_given(given.usage)
                has_reason = given.delta is not None and given.delta.stop_reason is not None
                self.is_finished = self.is_finished or has_reason
        return True

    def _note(self, raw: msgspec.Raw) -> None:
        if is_given(raw):
            self._running.add(raw)

    @staticmethod
    def _kind_of(data: bytes) -> str | None:
        try:
            return answer_fields.stream_event.decode(data).type
        except (msgspec.DecodeError, RecursionError):
            return None
