"""Gemini answers between a client and an upstream that both speak it: which bytes carry usage,
errors and the end. Sans-IO; text passes through as it came, and is never decoded.

The upstream always streams server-sent events; a client that did not ask for `alt=sse` gets the
same values as one JSON array. Source: Gemini API reference, "streamGenerateContent", read 2026-11.
"""

import re
from dataclasses import dataclass, field, replace

import msgspec

from relay.proxy import sse
from relay.proxy.dialects.decoding import NULL, is_given
from relay.proxy.dialects.gemini import answer_shapes as shapes
from relay.proxy.dialects.gemini import usage as usage_object
from relay.proxy.dialects.gemini.envelope import Envelope, envelope, envelope_of_count
from relay.proxy.errors import Framing
from relay.proxy.estimate import DeliveredCounter, texts_of
from relay.proxy.types import Usage

__all__ = ["Answer", "Envelope", "StreamReader", "envelope", "envelope_of_count", "read_answer"]

# The field of answers that holds output.
TEXTS = texts_of("text")

# Quotes inside strings are escaped, so that what the model says never looks like these; what it
# writes as a function's arguments may, and is told apart by decoding the frame.
_NOTABLE = re.compile(rb'"(?:finishReason|blockReason)"\s*:\s*"|"error"\s*:\s*\{|\[DONE\]')
_USAGE = b'"usageMetadata"'
_CANDIDATE = re.compile(rb'"candidates"\s*:\s*\[\s*\{')


class _Candidate(msgspec.Struct, rename="camel"):
    finish_reason: str | None = None


class _Looked(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: shapes.PromptFeedback | None = None
    usage_metadata: msgspec.Raw = NULL
    error: msgspec.Raw = NULL

    @property
    def is_blocked(self) -> bool:
        return self.prompt_feedback is not None and bool(self.prompt_feedback.block_reason)


_looked = msgspec.json.Decoder(_Looked)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, as far as we look."""

    is_valid: bool  # candidates, or a prompt that was blocked
    usage: Usage | None  # None: not given, or not in order


def read_answer(body: bytes) -> Answer:
    """Look into a non-streamed answer."""
    given = _look(body)
    if given is None or is_given(given.error):
        return Answer(is_valid=False, usage=None)
    return Answer(bool(given.candidates) or given.is_blocked, _usage(given))


def _look(data: bytes) -> _Looked | None:
    try:
        return _looked.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None


def _usage(given: _Looked | None) -> Usage | None:
    is_there = given is not None and is_given(given.usage_metadata)
    return usage_object.parse(given.usage_metadata) if given is not None and is_there else None


@dataclass(slots=True)
class StreamReader:
    """Follows a stream: hands on frames as they are, or as items of an array.

    Google marks no end. An array's last bracket is kept back for after the settlement; of
    server-sent events the end of the body is. `framing` says how far an array has got.
    """

    framing: Framing = Framing.SSE
    is_done: bool = False
    is_finished: bool = False  # a finishReason went by, or the prompt was blocked
    has_error: bool = False
    has_output: bool = False
    _buffer: sse.FrameBuffer = field(
        default_factory=lambda: sse.FrameBuffer(shapes.FRAME_BYTES_MAX)
    )
    _delivered: DeliveredCounter = field(default_factory=lambda: DeliveredCounter(TEXTS))
    _latest: bytes = b""  # the last frames that told usage: every frame's is of the whole so far

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that may go to the client now; an empty chunk says that the body is over."""
        if self.has_error:
            return b""
        block = self._buffer.feed(chunk) if chunk else self._rest()
        if _NOTABLE.search(block):
            block = b"".join([frame for frame in sse.frames(block) if self._passes(frame)])
        if not block:
            return b""
        if _USAGE in block:
            self._latest = block
        self._delivered.add(block)
        self.has_output = self.has_output or _CANDIDATE.search(block) is not None
        return block if self.framing is Framing.SSE else self._items(block)

    @property
    def usage(self) -> Usage | None:
        """What was used. Of a stream that is not finished the output is at least our own count,
        marked as an estimate."""
        found = [_usage(_look(sse.data_of(frame))) for frame in sse.frames(self._latest)]
        known = next((each for each in reversed(found) if each is not None), None)
        if known is None or self.is_finished:
            return known
        made = max(known.output_tokens, self.delivered_tokens)
        return replace(known, output_tokens=made, is_estimated=True)

    @property
    def last(self) -> bytes:
        """What ends the client's stream."""
        if self.framing is Framing.SSE:
            return b""
        return b"[]" if self.framing is Framing.ARRAY_START else b"]"

    @property
    def delivered_tokens(self) -> int:
        """Output tokens handed on so far, by our count."""
        return self._delivered.tokens

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole. A frame that is cut off spoils it."""
        return self.is_finished and not self.has_error and not self._buffer.tail.strip()

    @property
    def has_overlong(self) -> bool:
        """Whether a frame went out in pieces: the client may hold half of it."""
        return self._buffer.has_overlong

    def _rest(self) -> bytes:
        """A last frame without its blank line, where it is whole."""
        if _look(sse.data_of(self._buffer.tail)) is None:
            return b""
        return self._buffer.feed(b"\n\n")

    def _passes(self, frame: bytes) -> bool:
        """Take note of a frame; False keeps it from the client."""
        data = sse.data_of(frame).strip()
        if self.has_error or data == b"[DONE]":  # some vendors of this format write OpenAI's end
            return False
        given = _look(data)
        if given is None:
            return True
        if is_given(given.error):
            self.has_error = True
            return False
        has_reason = any(each.finish_reason for each in given.candidates or [])
        self.is_finished = self.is_finished or has_reason or given.is_blocked
        self.has_output = self.has_output or given.is_blocked
        return True

    def _items(self, block: bytes) -> bytes:
        """The frames' values as items of the array."""
        if self._buffer.has_overlong:  # half a value would spoil the array
            self.has_error = True
            return b""
        items = [data for frame in sse.frames(block) if (data := sse.data_of(frame).strip())]
        if not items:
            return b""
        opening = b"[" if self.framing is Framing.ARRAY_START else b",\r\n"
        self.framing = Framing.ARRAY_GOES_ON
        return opening + b",\r\n".join(items)
