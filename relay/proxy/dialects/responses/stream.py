"""A responses stream, read into events. Its writing is `stream_out`.

Parts are told apart by output index and content index; what a vendor leaves out of the added
events is made up for by the first delta. Source: OpenAI API reference, "Streaming events" of
responses, read 2026-11.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import msgspec

from relay.proxy import sse
from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.events import Event, PartKind
from relay.proxy.dialects.logprobs import Token, logprobs_of
from relay.proxy.dialects.responses import answer_fields, reasons, usage
from relay.proxy.dialects.responses.answer import incomplete_reason, thought_of
from relay.proxy.dialects.responses.stream_out import StreamRenderer
from relay.proxy.dialects.responses.thoughts import DIALECT
from relay.proxy.dialects.responses.wire import FRAME_BYTES_MAX

__all__ = ["StreamParser", "StreamRenderer"]

_LAST = ("response.completed", "response.incomplete")
_FAILED = ("response.failed", "error")


class _Frame(msgspec.Struct):
    """Any event, as far as it is read."""

    type: str = ""
    response: answer_fields.Response | None = None
    item: answer_fields.Item | None = None
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    delta: str = ""
    logprobs: list[Token] | None = None


_frame = msgspec.json.Decoder(_Frame)
# Content index of items that have no contents.
_ITEM = -1


@dataclass(slots=True)
class StreamParser:
    """Follows one responses stream."""

    _buffer: sse.FrameBuffer = field(default_factory=lambda: sse.FrameBuffer(FRAME_BYTES_MAX))
    _open: dict[tuple[int, int], int] = field(default_factory=dict)  # place -> part
    _written: set[int] = field(default_factory=set)  # parts that got a delta
    _items: dict[int, answer_fields.Item] = field(default_factory=dict)  # reasoning, as added
    _summaries: dict[int, int] = field(default_factory=dict)  # part -> its summary index
    _parts: int = 0
    _last_tool: int | None = None
    _has_refusal: bool = False
    _is_started: bool = False
    _is_over: bool = False  # ended or failed: nothing more is read

    def feed(self, chunk: bytes) -> list[Event]:
        """What these bytes tell."""
        block = self._buffer.feed(chunk)
        return [event for frame in sse.frames(block) for event in self._frame(frame)]

    def end(self) -> list[Event]:
        """The body is over: a last event without its blank line still counts."""
        tail = self._buffer.tail.strip()
        return list(self._frame(tail)) if tail and not self._is_over else []

    def _frame(self, frame: bytes) -> Iterator[Event]:
        data = sse.data_of(frame).strip()
        if self._is_over or not data or data == b"[DONE]":
            return
        try:
            given = _frame.decode(data)
        except (msgspec.DecodeError, RecursionError):
            self._is_over = True
            yield ev.Failed()
            return
        if given.type in _FAILED:
            self._is_over = True
            yield ev.Failed()
        elif given.type in _LAST and given.response is not None:
            yield from self._ended(given.response)
        else:
            yield from self._event(given)

    def _event(self, given: _Frame) -> Iterator[Event]:
        place = (given.output_index, given.content_index)
        match given.type:
            case "response.created" if given.response is not None and not self._is_started:
                self._is_started = True
                response = given.response
                yield ev.Started(response.id, response.model, int(response.created_at))
            case "response.output_item.added" if given.item is not None:
                yield from self._added(given.item, given.output_index)
            case "response.output_text.delta":
                yield from self._text(given, place)
            case "response.refusal.delta":
                self._has_refusal = True
                part = yield from self._begin(place, PartKind.REFUSAL)
                yield ev.RefusalDelta(0, part, given.delta)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                yield from self._thought(given)
            case "response.function_call_arguments.delta":
                part = yield from self._begin((given.output_index, _ITEM), PartKind.TOOL)
                self._written.add(part)
                yield ev.ArgumentsDelta(0, part, given.delta)
            case "response.content_part.done":
                yield from self._close(place)
            case "response.output_item.done" if given.item is not None:
                yield from self._done(given.item, given.output_index)

    def _begin(
        self,
        place: tuple[int, int],
        kind: PartKind,
        item: answer_fields.Item | None = None,
        data: str = "",
        origin: str = "",
    ) -> Generator[Event, None, int]:
        """Open the part at a place, unless it is open; its index."""
        if place in self._open:
            return self._open[place]
        part = self._open[place] = self._parts
        self._parts += 1
        id_, name = "", ""
        if item is not None:
            id_, name = (item.call_id, item.name) if kind is PartKind.TOOL else (item.id, "")
        yield ev.PartStarted(0, part, kind, id=id_, name=name, data=data, origin=origin)
        if kind is PartKind.TOOL:
            self._last_tool = part
        return part

    def _close(self, place: tuple[int, int]) -> Iterator[Event]:
        if (part := self._open.pop(place, None)) is not None:
            yield ev.PartEnded(0, part)

    def _added(self, item: answer_fields.Item, number: int) -> Iterator[Event]:
        if item.type == "function_call":
            yield from self._begin((number, _ITEM), PartKind.TOOL, item)
        elif item.type == "reasoning":
            self._items[number] = item

    def _text(self, given: _Frame, place: tuple[int, int]) -> Iterator[Event]:
        part = yield from self._begin(place, PartKind.TEXT)
        if given.delta:
            yield ev.TextDelta(0, part, given.delta)
        if given.logprobs:
            yield ev.Logprobs(0, part, logprobs_of(given.logprobs))

    def _thought(self, given: _Frame) -> Iterator[Event]:
        place = (given.output_index, _ITEM)
        item = self._items.get(given.output_index)
        part = yield from self._begin(place, PartKind.THINKING, item, origin=DIALECT)
        if self._summaries.setdefault(part, given.summary_index) != given.summary_index:
            self._summaries[part] = given.summary_index
            yield ev.ThinkingDelta(0, part, "\n\n")
        self._written.add(part)
        yield ev.ThinkingDelta(0, part, given.delta)

    def _done(self, item: answer_fields.Item, number: int) -> Iterator[Event]:
        place = (number, _ITEM)
        match item.type:
            case "function_call":
                part = yield from self._begin(place, PartKind.TOOL, item)
                if part not in self._written and item.arguments:
                    yield ev.ArgumentsDelta(0, part, item.arguments)
            case "reasoning":
                yield from self._reasoned(item, place)
            case "image_generation_call" if item.result:
                part = yield from self._begin(place, PartKind.IMAGE, item)
                yield ev.MediaDelta(0, part, "image/png", item.result)
        for open_place in [key for key in self._open if key[0] == number]:
            yield from self._close(open_place)

    def _reasoned(self, item: answer_fields.Item, place: tuple[int, int]) -> Iterator[Event]:
        """The item as a whole: only now its encrypted content is known."""
        thought = thought_of(item)
        if isinstance(thought, str):
            if self._last_tool is not None:
                yield ev.SignatureDelta(0, self._last_tool, thought, "gemini")
        elif isinstance(thought, cv.RedactedThinking):
            kind, origin = PartKind.REDACTED_THINKING, thought.origin
            yield from self._begin(place, kind, item, thought.data, origin)
        else:
            part = yield from self._begin(place, PartKind.THINKING, item, origin=thought.origin)
            if part not in self._written and thought.text:
                yield ev.ThinkingDelta(0, part, thought.text)
            if thought.signature:
                yield ev.SignatureDelta(0, part, thought.signature, thought.origin)

    def _ended(self, response: answer_fields.Response) -> Iterator[Event]:
        self._is_over = True
        for place in list(self._open):
            yield from self._close(place)
        has_tools = self._last_tool is not None
        incomplete = incomplete_reason(response)
        yield ev.Finished(
            0, reasons.parse(incomplete, has_tools=has_tools, has_refusal=self._has_refusal)
        )
        if is_given(response.usage) and (figures := usage.parse(response.usage)) is not None:
            yield ev.UsageSeen(figures)
        yield ev.Ended()
