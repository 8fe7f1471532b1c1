"""OpenAI's chat answers: which bytes carry usage, errors and the end. Sans-IO.

Source: OpenAI API reference, "Chat completions" and "Streaming", read 2026-11.
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from relay.proxy import sse
from relay.proxy.dialects import pass_through
from relay.proxy.dialects.chat.usage import parse as read_usage
from relay.proxy.dialects.decoding import NULL, is_given
from relay.proxy.dialects.pass_through import Answer
from relay.proxy.types import Usage

DONE = sse.event(b"[DONE]")

# Every chunk of a stream that was asked for usage has `"usage":null`; only an object matters.
_NOTABLE = (
    re.compile(rb'"(?:usage"\s*:\s*\{|error"\s*:|finish_reason"\s*:\s*"|object"\s*:\s*"error")'),
    re.compile(rb"\[DONE\]"),
    re.compile(rb"event:[ ]?error"),
)
# Some vendors name the event, or the object, and leave out the `error` around the message.
_ERROR_EVENT = re.compile(rb"^event:[ ]?error", re.M)
_CHOICE = re.compile(rb'"choices"\s*:\s*\[\s*\{')
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')


class _Answer(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    # Raw takes any value, null too; msgspec does not combine it with None.
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    object: msgspec.Raw = NULL


_answer = msgspec.json.Decoder(_Answer)


def read_answer(body: bytes) -> Answer:
    """Look into a non-streamed answer."""
    try:
        answer = _answer.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return Answer(is_valid=False, usage=None)
    is_valid = bool(answer.choices) and not _is_error(answer)
    return Answer(is_valid, read_usage(answer.usage))


def _is_error(answer: _Answer) -> bool:
    return is_given(answer.error) or bytes(answer.object) == b'"error"'


@dataclass(slots=True)
class StreamReader(pass_through.StreamReader):
    """The frame that carries only usage is dropped unless `wants_usage_frame`; `[DONE]` is kept
    back. Not every vendor sends one."""

    notable: ClassVar[tuple[re.Pattern[bytes], ...]] = _NOTABLE
    output: ClassVar[re.Pattern[bytes]] = _CHOICE
    wants_usage_frame: bool = field(kw_only=True)
    usage: Usage | None = None

    @property
    def last(self) -> bytes:
        """What was kept back of a whole answer."""
        return DONE

    def _passes(self, frame: bytes) -> bool:
        if not self._is_notable(frame):
            return True
        data = sse.data_of(frame)
        if data.strip() == b"[DONE]":
            self.is_done = True
            return False
        if _ERROR_EVENT.search(frame):
            self.has_error = True
            return False
        return self._passes_answer(data)

    def _is_end(self, data: bytes) -> bool:
        return data.strip() == b"[DONE]"

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
        if not is_given(answer.usage):
            return True
        self.usage = read_usage(answer.usage)
        return bool(answer.choices) or self.wants_usage_frame
