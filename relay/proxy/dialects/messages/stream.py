"""A messages stream, read into events. The renderer of one stands in `stream_out`.

Source: Anthropic, "Streaming Messages", read 2026-11.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from relay.proxy import sse
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.decoding import is_given, is_object
from relay.proxy.dialects.events import Event, PartKind
from relay.proxy.dialects.messages import answer_fields, reasons
from relay.proxy.dialects.messages.output_out import JSON_TOOL
from relay.proxy.dialects.messages.stream_out import StreamRenderer
from relay.proxy.dialects.messages.thoughts import DIALECT
from relay.proxy.dialects.messages.usage import Running

__all__ = ["StreamParser", "StreamRenderer"]

_KINDS = {
    "text": PartKind.TEXT,
    "thinking": PartKind.THINKING,
    "redacted_thinking": PartKind.REDACTED_THINKING,
    "tool_use": PartKind.TOOL,
}
_SIGNED = (PartKind.THINKING, PartKind.REDACTED_THINKING)


@dataclass(slots=True)
class _Open:
    """A block under way. `is_json` marks the tool call that stands for JSON output."""

    index: int
    kind: PartKind
    is_json: bool = False
    arguments: str = ""  # those that came with the start, where no deltas follow
    signature: str = ""


@dataclass(slots=True)
class StreamParser:
    """Reads an upstream's stream; one per answer."""

    _buffer: sse.FrameBuffer = field(default_factory=sse.FrameBuffer)
    _running: Running = field(default_factory=Running)
    _open: dict[int, _Open] = field(default_factory=dict)  # by Anthropic's index
    _parts: int = 0
    _has_tools: bool = False
    _is_finished: bool = False
    _is_over: bool = False  # Ended or Failed was told

    def feed(self, chunk: bytes) -> list[Event]:
        """What these bytes tell; Ended as soon as `message_stop` was read."""
        found: list[Event] = []
        for frame in sse.frames(self._buffer.feed(chunk)):
            found += self._frame(frame)
        return found

    def end(self) -> list[Event]:
        """The body is over. The answer is whole once its stop reason came."""
        found = self._frame(self._buffer.tail)
        if self._is_finished and not self._is_over:
            self._is_over = True
            found.append(ev.Ended())
        return found

    def _frame(self, frame: bytes) -> list[Event]:
        data = sse.data_of(frame)
        if self._is_over or not data.strip():
            return []
        try:
            given = answer_fields.stream_event.decode(data)
        except (msgspec.DecodeError, RecursionError):
            self._is_over = True
            return [ev.Failed()]
        return list(self._event(given))

    def _event(self, given: answer_fields.StreamEvent) -> Iterator[Event]:
        index = given.index or 0
        match given.type:
            case "message_start":
                message = given.message or answer_fields.Answer()
                # Not told yet: its output is only that of the beginning.
                if is_given(message.usage):
                    self._running.add(message.usage)
                yield ev.Started(message.id or "", message.model or "")
            case "content_block_start" if given.content_block is not None:
                yield from self._start(index, given.content_block)
            case "content_block_delta" if given.delta is not None and index in self._open:
                yield from self._more(self._open[index], given.delta)
            case "content_block_stop" if index in self._open:
                yield from self._stop(index)
            case "message_delta":
                yield from self._finish(given)
            case "message_stop":
                self._is_over = True
                yield ev.Ended()
            case "error":
                self._is_over = True
                yield ev.Failed()

    def _start(self, index: int, block: answer_fields.Block) -> Iterator[Event]:
        kind = _KINDS.get(block.type)
        if kind is None:  # not asked for
            return
        part = _Open(self._parts, kind, is_json=block.name == JSON_TOOL)
        self._open[index] = part
        self._parts += 1
        if part.is_json:
            part.kind = kind = PartKind.TEXT
        self._has_tools = self._has_tools or kind is PartKind.TOOL
        yield ev.PartStarted(
            0,
            part.index,
            kind,
            id=block.id or "" if kind is PartKind.TOOL else "",
            name=block.name or "" if kind is PartKind.TOOL else "",
            data=block.data or "",
            origin=DIALECT if kind in _SIGNED else "",
        )
        part.signature = block.signature or ""
        if block.type == "tool_use":
            part.arguments = bytes(block.input).decode() if is_object(block.input) else "{}"
        if block.text:
            yield ev.TextDelta(0, part.index, block.text)
        if block.thinking:
            yield ev.ThinkingDelta(0, part.index, block.thinking)

    def _more(self, part: _Open, delta: answer_fields.Delta) -> Iterator[Event]:
        if delta.text:
            yield ev.TextDelta(0, part.index, delta.text)
        if delta.thinking:
            yield ev.ThinkingDelta(0, part.index, delta.thinking)
        if delta.signature:
            part.signature += delta.signature
        if delta.partial_json:
            part.arguments = ""
            yield _arguments(part, delta.partial_json)

    def _stop(self, index: int) -> Iterator[Event]:
        part = self._open.pop(index)
        if part.arguments:
            yield _arguments(part, part.arguments)
        if part.signature:
            yield ev.SignatureDelta(0, part.index, part.signature)
        yield ev.PartEnded(0, part.index)

    def _finish(self, given: answer_fields.StreamEvent) -> Iterator[Event]:
        if is_given(given.usage):
            self._running.add(given.usage)
            if (usage := self._running.usage) is not None:
                yield ev.UsageSeen(usage)
        delta = given.delta
        if delta is None or delta.stop_reason is None or self._is_finished:
            return
        for index in list(self._open):
            yield from self._stop(index)
        self._is_finished = True
        reason = reasons.parse(delta.stop_reason, has_tools=self._has_tools)
        yield ev.Finished(0, reason, delta.stop_sequence)


def _arguments(part: _Open, text: str) -> Event:
    if part.is_json:
        return ev.TextDelta(0, part.index, text)
    return ev.ArgumentsDelta(0, part.index, text)
