"""Events, written as a responses stream.

The last event repeats the whole answer, so that it is kept while it goes by; the output cap of the
Call bounds it. Source: OpenAI API reference, "Streaming events" of responses, read 2026-11.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.events import Event, Label, PartKind
from relay.proxy.dialects.logprobs import logprobs_body
from relay.proxy.dialects.responses import answer, output
from relay.proxy.dialects.whole import AnswerPart, Gatherer

_Json = dict[str, Any]
_TEXTS = (PartKind.TEXT, PartKind.REFUSAL)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a part stands in the stream."""

    output_index: int
    item_id: str
    kind: PartKind

    def named(self) -> _Json:
        return {"item_id": self.item_id, "output_index": self.output_index}


@dataclass(slots=True)
class StreamRenderer:
    """Writes one responses stream. There is one choice: no request can ask for more."""

    label: Label
    _gatherer: Gatherer = field(default_factory=Gatherer)
    _places: dict[int, _Place] = field(default_factory=dict)
    _items: int = 0
    _sequence: int = 0

    def render(self, event: Event) -> bytes:
        """The bytes for this event."""
        if getattr(event, "choice", 0) != 0:
            return b""
        self._gatherer.add(event)
        match event:
            case ev.Started():
                return self._started()
            case ev.PartStarted():
                return self._part(event)
            case ev.TextDelta():
                more = {"content_index": 0, "delta": event.text, "logprobs": []}
                return self._delta("response.output_text.delta", event.index, more)
            case ev.Logprobs():
                tokens = logprobs_body(event.tokens)
                more = {"content_index": 0, "delta": "", "logprobs": tokens}
                return self._delta("response.output_text.delta", event.index, more)
            case ev.RefusalDelta():
                more = {"content_index": 0, "delta": event.text}
                return self._delta("response.refusal.delta", event.index, more)
            case ev.ThinkingDelta():
                more = {"summary_index": 0, "delta": event.text}
                return self._delta("response.reasoning_summary_text.delta", event.index, more)
            case ev.ArgumentsDelta():
                kind = "response.function_call_arguments.delta"
                return self._delta(kind, event.index, {"delta": event.text})
            case ev.PartEnded():
                return self._ended(event.index)
            case ev.Ended():
                return self._last()
        return b""

    def _event(self, kind: str, more: _Json) -> bytes:
        body = {"type": kind, "sequence_number": self._sequence, **more}
        self._sequence += 1
        return b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(body) + b"\n\n"

    def _delta(self, kind: str, index: int, more: _Json) -> bytes:
        return self._event(kind, {**self._places[index].named(), **more})

    def _started(self) -> bytes:
        response = {"response": answer.beginning_of(self.label)}
        created = self._event("response.created", response)
        return created + self._event("response.in_progress", response)

    def _part(self, start: ev.PartStarted) -> bytes:
        part = self._gatherer.part(0, start.index)
        id_ = output.item_id(part, self.label.id, self._items)
        place = self._places[start.index] = _Place(self._items, id_, start.kind)
        self._items += 1
        item = output.item_of(part, id_, is_done=False)
        added = {"output_index": place.output_index, "item": item}
        begun = self._event("response.output_item.added", added)
        if start.kind in _TEXTS:
            more = {**place.named(), "content_index": 0, "part": output.content_of(part)}
            begun += self._event("response.content_part.added", more)
        elif start.kind is PartKind.THINKING:
            more = {**place.named(), "summary_index": 0, "part": _summary("")}
            begun += self._event("response.reasoning_summary_part.added", more)
        return begun

    def _ended(self, index: int) -> bytes:
        place, part = self._places[index], self._gatherer.part(0, index)
        closing = self._closing(place, part)
        item = output.item_of(part, place.item_id)
        done = {"output_index": place.output_index, "item": item}
        closing += self._event("response.output_item.done", done)
        seal = output.seal_of(part, self.label.id, self._items)
        if seal is not None:
            more = {"output_index": self._items, "item": seal}
            self._items += 1
            closing += self._event("response.output_item.added", more)
            closing += self._event("response.output_item.done", more)
        return closing

    def _closing(self, place: _Place, part: AnswerPart) -> bytes:
        """What tells that the part's content is whole."""
        named = place.named()
        match part:
            case cv.Text() | cv.Refusal():
                content = output.content_of(part)
                is_text = isinstance(part, cv.Text)
                told = {"text": part.text, "logprobs": []} if is_text else {"refusal": part.text}
                kind = "response.output_text.done" if is_text else "response.refusal.done"
                text = self._event(kind, {**named, "content_index": 0, **told})
                more = {**named, "content_index": 0, "part": content}
                return text + self._event("response.content_part.done", more)
            case cv.Thinking():
                named["summary_index"] = 0
                kind = "response.reasoning_summary_text.done"
                text = self._event(kind, {**named, "text": part.text})
                more = {**named, "part": _summary(part.text)}
                return text + self._event("response.reasoning_summary_part.done", more)
            case cv.ToolUse():
                more = {**named, "name": part.name, "arguments": part.arguments}
                return self._event("response.function_call_arguments.done", more)
        return b""

    def _last(self) -> bytes:
        response = answer.response_of(self._gatherer.gathered(), self.label)
        return self._event(f"response.{response['status']}", {"response": response})


def _summary(text: str) -> _Json:
    return {"type": "summary_text", "text": text}
