"""Streams of OpenAI's typed events, as transcripts, speech and pictures are streamed: passed on
frame by frame, the last one kept back until the debit is made. Sans-IO.

Source: OpenAI API reference, "Image Streaming", "Transcription stream events" and "Speech audio
delta event", read 2026-11.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from relay.proxy import sse
from relay.proxy.dialects.decoding import NULL, is_given
from relay.proxy.errors import Framing
from relay.proxy.types import Usage

# One picture of the largest size in base64 is one frame; nothing else comes near.
FRAME_BYTES_MAX = 32_000_000


class Event(msgspec.Struct):
    """As much of an event as any of them is looked at by."""

    type: str = ""
    # Raw takes any value, null too; msgspec does not combine it with None.
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    quality: str = ""
    size: str = ""


_event = msgspec.json.Decoder(Event)


@dataclass(slots=True)
class EventReader:
    """Implements `request.Reader`. It ends with the last of `ends_max` events of type `end`."""

    framing: ClassVar[Framing] = Framing.SSE
    end: str
    used: Callable[[list[Event]], Usage | None]  # by the events that end it
    tokens_of: Callable[[str, bytes], int]  # output tokens in an event, by type and data: a guess
    ends_max: int = 1
    is_done: bool = False
    has_error: bool = False
    has_output: bool = False
    last: bytes = b""
    delivered_tokens: int = 0
    _ends: list[Event] = field(default_factory=list)
    _buffer: sse.FrameBuffer = field(default_factory=lambda: sse.FrameBuffer(FRAME_BYTES_MAX))
    _held: list[bytes] = field(default_factory=list)
    _held_bytes: int = 0

    @property
    def usage(self) -> Usage | None:
        """See `Reader.usage`: what the events that end it say together."""
        return self.used(self._ends) if self._ends else None

    @property
    def is_complete(self) -> bool:
        """See `Reader.is_complete`: an end went by, and nothing is cut off after it."""
        if self.has_error or not self._ends:
            return False
        return self.is_done or not (self._held_bytes or self._buffer.tail.strip())

    @property
    def has_overlong(self) -> bool:
        """See `Reader.has_overlong`."""
        return self._buffer.has_overlong

    def feed(self, chunk: bytes) -> bytes:
        """See `Reader.feed`."""
        self._held.append(chunk)
        self._held_bytes += len(chunk)
        # A long frame comes in many chunks: they are joined once, when its line has ended.
        if b"\n" not in chunk and b"\r" not in chunk and self._held_bytes < FRAME_BYTES_MAX:
            return b""
        block = self._buffer.feed(b"".join(self._held))
        self._held, self._held_bytes = [], 0
        return b"".join([frame for frame in sse.frames(block) if self._passes(frame)])

    def _passes(self, frame: bytes) -> bool:
        """Take note of a frame; False keeps it from the client."""
        if self.is_done or self.has_error:
            return False
        data = sse.data_of(frame)
        if not data:
            return True  # a comment
        if data.strip() == b"[DONE]":
            self.is_done = True
            return False
        event = _read(data)
        if is_given(event.error) or event.type == "error":
            self.has_error = True
            return False
        self.has_output = True
        if event.type != self.end:
            self.delivered_tokens += self.tokens_of(event.type, data)
            return True
        self._ends.append(event)
        if len(self._ends) < self.ends_max:
            return True
        self.is_done, self.last = True, frame
        return False


def _read(data: bytes) -> Event:
    try:
        return _event.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return Event()
