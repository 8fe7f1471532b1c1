"""Messages answers between a client and an upstream that both speak Anthropic: which bytes carry
usage, errors and the end. Sans-IO; text passes through as it came, and is never decoded.

Source: Anthropic, "Streaming Messages", read 2026-11.
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from relay.proxy import sse
from relay.proxy.dialects import pass_through
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.messages import answer_fields
from relay.proxy.dialects.messages import usage as usage_object
from relay.proxy.dialects.messages.stream_out import frame
from relay.proxy.dialects.pass_through import Answer
from relay.proxy.estimate import DeliveredCounter, texts_of
from relay.proxy.types import Usage

PATH = "/messages"
COUNT_PATH = "/messages/count_tokens"
# The fields of answers and deltas that hold output.
TEXTS = texts_of("text", "thinking", "partial_json")

_NOTABLE = (
    re.compile(rb'"(?:usage"\s*:\s*\{|type"\s*:\s*"(?:message_stop|error)"|stop_reason"\s*:\s*")'),
    re.compile(rb"event:[ ]?(?:error|message_stop)"),
)
_OUTPUT = re.compile(rb'"type"\s*:\s*"(?:content_block_start|content_block_delta|message_delta)"')
_ERROR_EVENT = re.compile(rb"^event:[ ]?error", re.M)


def read_answer(body: bytes) -> Answer:
    """Look into a non-streamed answer."""
    try:
        given = answer_fields.answer.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return Answer(is_valid=False, usage=None)
    is_valid = given.type == "message" and given.content is not None
    return Answer(is_valid, usage_object.parse(given.usage) if is_given(given.usage) else None)


@dataclass(slots=True)
class StreamReader(pass_through.StreamReader):
    """`message_stop` is kept back."""

    notable: ClassVar[tuple[re.Pattern[bytes], ...]] = _NOTABLE
    output: ClassVar[re.Pattern[bytes]] = _OUTPUT
    last: bytes = frame("message_stop")  # for vendors that send none
    _delivered: DeliveredCounter = field(default_factory=lambda: DeliveredCounter(TEXTS))
    _running: usage_object.Running = field(default_factory=usage_object.Running)
    _has_final_usage: bool = False

    @property
    def usage(self) -> Usage | None:
        """What was used. Of a stream that has only begun, the input is the upstream's figure and
        the output our own count, marked as an estimate."""
        known = self._running.usage
        if known is None or self._has_final_usage:
            return known
        return self._as_far(known)

    def _passes(self, each: bytes) -> bool:
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

    def _is_end(self, data: bytes) -> bool:
        try:
            return answer_fields.stream_event.decode(data).type == "message_stop"
        except (msgspec.DecodeError, RecursionError):
            return False
