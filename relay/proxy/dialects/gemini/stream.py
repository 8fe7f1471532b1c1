"""A streamGenerateContent stream, read into events. The renderer of one stands in `stream_out`.

Upstreams are always asked for server-sent events (`alt=sse`). Source: Gemini API reference,
"streamGenerateContent", read 2026-11.
"""

from dataclasses import dataclass, field

import msgspec

from relay.proxy import sse
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.events import Event
from relay.proxy.dialects.gemini import answer_shapes as shapes
from relay.proxy.dialects.gemini.reading import Reading
from relay.proxy.dialects.gemini.stream_out import StreamRenderer

__all__ = ["StreamParser", "StreamRenderer"]


@dataclass(slots=True)
class StreamParser:
    """Follows one stream. Google marks no end: it is where the body ends, after a finishReason."""

    _buffer: sse.FrameBuffer = field(
        default_factory=lambda: sse.FrameBuffer(shapes.FRAME_BYTES_MAX)
    )
    _reading: Reading = field(default_factory=Reading)
    _is_over: bool = False  # ended or failed: nothing more is read

    def feed(self, chunk: bytes) -> list[Event]:
        """What these bytes tell."""
        block = self._buffer.feed(chunk)
        return [event for frame in sse.frames(block) for event in self._frame(frame)]

    def end(self) -> list[Event]:
        """The body is over; what is left may be a last frame without its blank line."""
        tail = self._buffer.tail
        events = self._frame(tail)
        is_cut_off = bool(tail.strip()) and not sse.data_of(tail)
        if self._is_over or is_cut_off or not self._reading.is_finished:
            return events
        self._is_over = True
        return [*events, *self._reading.finish()]

    def _frame(self, frame: bytes) -> list[Event]:
        data = sse.data_of(frame).strip()
        # Some vendors of this format end a stream as OpenAI does.
        if self._is_over or not data or data == b"[DONE]":
            return []
        try:
            given = shapes.decoder.decode(data)
        except (msgspec.DecodeError, RecursionError):
            return self._failed()
        if is_given(given.error):
            return self._failed()
        return list(self._reading.read(given))

    def _failed(self) -> list[Event]:
        self._is_over = True
        return [ev.Failed()]
