"""Gemini answers between a client and an upstream that both speak it: which bytes carry usage,
errors and the end. Sans-IO; text passes through as it came, and is never decoded.

The upstream always streams server-sent events; a client that did not ask for `alt=sse` gets the
same values as one JSON array. Source: Gemini API reference, "streamGenerateContent", read 2026-11.
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from relay.proxy import sse
from relay.proxy.dialects import pass_through
from relay.proxy.dialects.decoding import NULL, is_given
from relay.proxy.dialects.gemini import answer_shapes as shapes
from relay.proxy.dialects.gemini import usage as usage_object
from relay.proxy.dialects.pass_through import Answer
from relay.proxy.errors import Framing
from relay.proxy.estimate import DeliveredCounter, texts_of
from relay.proxy.types import Usage

# The field of answers that holds output.
TEXTS = texts_of("text")

# What a model writes as a function's arguments may look like these; decoding tells it apart.
_NOTABLE = (
    re.compile(rb'"(?:(?:finishReason|blockReason)"\s*:\s*"|error"\s*:\s*\{)'),
    re.compile(rb"\[DONE\]"),
)
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
class StreamReader(pass_through.StreamReader):
    """Hands on frames as they are, or as items of an array.

    Google marks no end. An array's last bracket is kept back for after the settlement; of
    server-sent events the end of the body is.
    """

    notable: ClassVar[tuple[re.Pattern[bytes], ...]] = _NOTABLE
    output: ClassVar[re.Pattern[bytes]] = _CANDIDATE
    framing: Framing = Framing.SSE  # how far an array has got
    _buffer: sse.FrameBuffer = field(
        default_factory=lambda: sse.FrameBuffer(shapes.FRAME_BYTES_MAX)
    )
    _delivered: DeliveredCounter = field(default_factory=lambda: DeliveredCounter(TEXTS))
    _latest: bytes = b""  # the last frames that told usage: every frame's is of the whole so far

    def feed(self, chunk: bytes) -> bytes:
        """See `pass_through.StreamReader.feed`."""
        block = pass_through.StreamReader.feed(self, chunk)
        if _USAGE in block:
            self._latest = block
        return self._items(block) if block and self.framing is not Framing.SSE else block

    @property
    def usage(self) -> Usage | None:
        """What was used. Of a stream that is not finished the output is at least our own count,
        marked as an estimate."""
        found = [_usage(_look(sse.data_of(frame))) for frame in sse.frames(self._latest)]
        known = next((each for each in reversed(found) if each is not None), None)
        if known is None or self.is_finished:
            return known
        return self._as_far(known)

    @property
    def last(self) -> bytes:
        """What ends the client's stream."""
        if self.framing is Framing.SSE:
            return b""
        return b"[]" if self.framing is Framing.ARRAY_START else b"]"

    def _rest(self) -> bytes:
        """A last frame without its blank line, where it is whole."""
        if _look(sse.data_of(self._buffer.tail)) is None:
            return b""
        return self._buffer.feed(b"\n\n")

    def _passes(self, frame: bytes) -> bool:
        data = sse.data_of(frame).strip()
        if data == b"[DONE]":  # some vendors of this format write OpenAI's end
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
