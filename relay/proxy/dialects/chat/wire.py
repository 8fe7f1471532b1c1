"""OpenAI's chat answers: which bytes carry usage, errors and the end. Sans-IO.

Source: OpenAI API reference, "Chat completions" and "Streaming", read 2026-11.
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from relay.proxy import sse
from relay.proxy.dialects.chat.usage import parse as read_usage
from relay.proxy.errors import Framing
from relay.proxy.estimate import DeliveredCounter
from relay.proxy.types import Usage

DONE = sse.event(b"[DONE]")

# Every chunk of a stream that was asked for usage has `"usage":null`; only an object matters.
_NOTABLE = re.compile(
    rb'"usage"\s*:\s*\{|\[DONE\]|"error"\s*:|"finish_reason"\s*:\s*"'
    rb'|"object"\s*:\s*"error"|^event:[ ]?error',
    re.M,
)
# Some vendors name the event, or the object, and leave out the `error` around the message.
_ERROR_EVENT = re.compile(rb"^event:[ ]?error", re.M)
_CHOICE = re.compile(rb'"choices"\s*:\s*\[\s*\{')
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')


_NULL = msgspec.Raw(b"null")


class _Answer(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    # Raw takes any value, null too; msgspec does not combine it with None.
    usage: msgspec.Raw = _NULL
    error: msgspec.Raw = _NULL
    object: msgspec.Raw = _NULL


_answer = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, as far as we look."""

    is_valid: bool  # a JSON object with at least one choice and no error
    usage: Usage | None  # None: not given, or not in order


def read_answer(body: bytes) -> Answer:
    """Look into a non-streamed answer."""
    try:
        answer = _answer.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return Answer(is_valid=False, usage=None)
    is_valid = bool(answer.choices) and not _is_error(answer)
    return Answer(is_valid, read_usage(answer.usage))


def _is_given(raw: msgspec.Raw) -> bool:
    return bytes(raw) != b"null"


def _is_error(answer: _Answer) -> bool:
    return _is_given(answer.error) or bytes(answer.object) == b'"error"'


@dataclass(slots=True)
class StreamReader:
    """Follows a stream: hands on frames as they are, keeps what they say of usage and the end.

    The frame that carries only usage is dropped unless `wants_usage_frame`; `[DONE]` is kept
    back, so that the debit comes before the last byte.
    """

    framing: ClassVar[Framing] = Framing.SSE
    wants_usage_frame: bool
    usage: Usage | None = None
    is_done: bool = False
    is_finished: bool = False  # a finish_reason went by
    has_error: bool = False
    has_output: bool = False  # a choice went by
    _buffer: sse.FrameBuffer = field(default_factory=sse.FrameBuffer)
    _delivered: DeliveredCounter = field(default_factory=DeliveredCounter)

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that may go to the client now."""
        if self.is_done or self.has_error:
            return b""
        block = self._buffer.feed(chunk)
        if _NOTABLE.search(block):
            block = b"".join([frame for frame in sse.frames(block) if self._passes(frame)])
        if block:
            self._delivered.add(block)
            self.has_output = self.has_output or _CHOICE.search(block) is not None
        return block

    @property
    def last(self) -> bytes:
        """What was kept back of a whole answer."""
        return DONE

    @property
    def delivered_tokens(self) -> int:
        """Output tokens handed on so far, by our count."""
        return self._delivered.tokens

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole, with or without a `[DONE]` (not every vendor sends one)."""
        if self.is_done or self.has_error:
            return self.is_done
        tail = self._buffer.tail.strip()
        # A frame that is cut off spoils the answer, but not a last `[DONE]` without its blank line.
        return sse.data_of(tail).strip() == b"[DONE]" if tail else self.is_finished

    @property
    def has_overlong(self) -> bool:
        """Whether a frame went out in pieces: the client may hold half of it."""
        return self._buffer.has_overlong

    def _passes(self, frame: bytes) -> bool:
        """Take note of a frame; False keeps it from the client."""
        if self.is_done or self.has_error:
            return False
        data = sse.data_of(frame)
        if data.strip() == b"[DONE]":
            self.is_done = True
            return False
        if _ERROR_EVENT.search(frame):
            self.has_error = True
            return False
        if not _NOTABLE.search(data):
            return True
        return self._passes_answer(data)

    def _passes_answer(self, data: bytes) -> bool:
        try:
            answer = _answer.decode(data)
        except (msgspec.DecodeError, RecursionError):
            return True
        if _is_error(answer):
            self.has_error = True
            return False
        if _FINISHED.search(data):
            self.is_finished = True
        if not _is_given(answer.usage):
            return True
        self.usage = read_usage(answer.usage)
        return bool(answer.choices) or self.wants_usage_frame
