"""What a dialect brings for Calls whose client and Upstream both speak it: bytes pass through, but
for a few changes to the request and what is kept back of a stream. Sans-IO.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import msgspec

from relay.proxy import json_objects, sse
from relay.proxy.errors import Framing
from relay.proxy.estimate import DeliveredCounter
from relay.proxy.request import Demand, Reader
from relay.proxy.types import Usage


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole answer, as far as we look."""

    is_valid: bool  # an answer of its dialect, and no error
    usage: Usage | None  # None: not given, or not in order


@dataclass(slots=True)
class StreamReader(ABC):
    """Follows a stream: hands on frames as they are, keeps what they say of usage and the end.

    Implements `request.Reader`, but for `usage` and `last`. What ends the answer is kept back, so
    that the debit comes before the last byte.
    """

    # Quotes inside strings are escaped, so that what the model says never looks like these.
    # Find frames that must be looked into. Each begins with bytes that are always the same: so the
    # search costs an eighth of that for an alternative of them.
    notable: ClassVar[tuple[re.Pattern[bytes], ...]]
    output: ClassVar[re.Pattern[bytes]]  # finds what is part of the answer itself
    is_done: bool = False
    is_finished: bool = False  # the answer's own end went by, before that of the stream
    has_error: bool = False
    has_output: bool = False
    _buffer: sse.FrameBuffer = field(default_factory=sse.FrameBuffer)
    _delivered: DeliveredCounter = field(default_factory=DeliveredCounter)

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that may go to the client now; an empty chunk says that the body is over."""
        if self.is_done or self.has_error:
            return b""
        block = self._buffer.feed(chunk) if chunk else self._rest()
        if self._is_notable(block):
            block = b"".join([frame for frame in sse.frames(block) if self._goes_on(frame)])
        if block:
            self._delivered.add(block)
            self.has_output = self.has_output or self.output.search(block) is not None
        return block

    @property
    def framing(self) -> Framing:
        """How the client's stream carries its values, and how far it has got."""
        return Framing.SSE

    @property
    def delivered_tokens(self) -> int:
        """Output tokens handed on so far, by our count."""
        return self._delivered.tokens

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole, with or without the stream's own end."""
        if self.is_done or self.has_error:
            return self.is_done
        tail = self._buffer.tail.strip()
        # A frame that is cut off spoils the answer, but not a last one without its blank line.
        return self._is_end(sse.data_of(tail)) if tail else self.is_finished

    @property
    def has_overlong(self) -> bool:
        """Whether a frame went out in pieces: the client may hold half of it."""
        return self._buffer.has_overlong

    def _is_notable(self, block: bytes) -> bool:
        for pattern in self.notable:  # noqa: SIM110  # a generator costs more than the searches
            if pattern.search(block):
                return True
        return False

    def _goes_on(self, frame: bytes) -> bool:
        return not (self.is_done or self.has_error) and self._passes(frame)

    @abstractmethod
    def _passes(self, frame: bytes) -> bool:
        """Take note of a frame; False keeps it from the client."""

    def _rest(self) -> bytes:
        """What may go on of the tail when the body is over."""
        return b""

    def _is_end(self, data: bytes) -> bool:
        """Whether a last frame that lacks its blank line says that the answer is whole."""
        return False

    def _as_far(self, known: Usage) -> Usage:
        """Of a stream under way: the upstream's figures but for the output, which is at least our
        own count, marked as an estimate."""
        made = max(known.output_tokens, self.delivered_tokens)
        return replace(known, output_tokens=made, is_estimated=True)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request that was found in order. What is not looked at passes as the caller wrote it."""

    cap_field: ClassVar[str]  # where the dialect caps output
    stream_reader: ClassVar[Callable[[], Reader]]  # of the same dialect, as is the next
    answer_reader: ClassVar[Callable[[bytes], Answer]]

    fields: Mapping[str, msgspec.Raw] = field(repr=False)
    model: str
    is_stream: bool
    demand: Demand

    def body_for(self, upstream_model: str, *, output_tokens_cap: int | None) -> bytes:
        """The bytes to send: model renamed, output capped when `cap` is lower than what was asked.

        Values keep the caller's own bytes; of a field that was given twice the last one counts,
        here and for our checks alike.
        """
        if output_tokens_cap is None or not self._is_above(output_tokens_cap):
            return json_objects.changed(self.fields, model=upstream_model)
        capped = {self.cap_field: output_tokens_cap}
        return json_objects.changed(self.fields, model=upstream_model, **capped)

    def reader(self) -> Reader:
        """Follows a stream of the same dialect."""
        return type(self).stream_reader()

    def read_answer(self, body: bytes) -> Answer:
        """Looks into a whole answer of the same dialect."""
        return type(self).answer_reader(body)

    def _is_above(self, cap: int) -> bool:
        """Whether more was asked for, or as much as there is."""
        asked = self.demand.output_tokens_asked
        return asked > cap if asked is not None else self.demand.generates
