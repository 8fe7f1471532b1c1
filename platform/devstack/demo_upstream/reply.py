"""Reply: what one request gets, whichever its dialect. `whole` and `stream` deliver it.

A Reply is settled by the request alone, so that equal requests may share one; what differs
between them comes in a Stamp, and what goes wrong as a Fault.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

from devstack.demo_upstream.asgi import JSON
from devstack.demo_upstream.counts import NOTHING, Counts
from devstack.demo_upstream.directives import NONE, Directive, Fault

EVENT_STREAM = b"text/event-stream; charset=utf-8"

ABSURD_TOKENS = 10**15  # no model has said as much; a relay must not believe it


class Stamp(NamedTuple):
    """What tells two equal answers apart: the end of their ids, and the time in Unix seconds."""

    suffix: str
    created: int


class Frame(NamedTuple):
    """The data of one event, the completion tokens that it delivers, and its name if it has one."""

    data: bytes
    tokens: int = 0
    event: str = ""


class Framing(StrEnum):
    """How the frames of a stream stand on the wire."""

    EVENTS = "events"  # server-sent
    RAW = "raw"  # one after the other: audio, or the pieces of a JSON array


@dataclass(frozen=True, eq=False, kw_only=True)
class Reply(ABC):
    """An answer to one request. Subclasses spell it."""

    model: str
    directive: Directive
    usage: Counts
    is_stream: bool = False

    framing: ClassVar[Framing] = Framing.EVENTS

    @property
    def content_type(self) -> bytes:
        """Of the answer, streamed or not."""
        return EVENT_STREAM if self.is_stream else JSON

    @abstractmethod
    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        """The body of an answer that is not streamed."""

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        """Every event of the stream, the last included; none of what never streams."""
        return iter(())


@dataclass(frozen=True, eq=False, kw_only=True)
class PlainReply(Reply):
    """A body that is ready: what an earlier call left. It costs nothing."""

    model: str = ""
    directive: Directive = NONE
    usage: Counts = NOTHING
    body: bytes

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        return self.body


_NUMBER = re.compile(rb"(?<=[:\[,])\s*(\d+)(?=[,}\]])")


def spoil(usage: bytes, fault: Fault | None) -> bytes | None:
    """The usage object as JSON, honest or as the fault has it; None: none is sent."""
    if fault is Fault.NO_USAGE:
        return None
    if fault is Fault.NAN_USAGE:  # not JSON at all, though many parsers take it
        return _NUMBER.sub(b"NaN", usage)
    if fault is Fault.FLOAT_USAGE:
        return _NUMBER.sub(rb"\g<1>.5", usage)
    if fault is Fault.NEGATIVE_USAGE:
        return _NUMBER.sub(lambda found: b"-%d" % max(int(found[1]), 1), usage)
    if fault is Fault.ABSURD_USAGE:
        return _NUMBER.sub(b"%d" % ABSURD_TOKENS, usage)
    return usage
