"""A streamGenerateContent stream for a client: server-sent events, or one JSON array.

Every chunk is an answer of its own. What ends the candidates, and the usage, stands in the last
one, so that it comes only with Ended. Source: Gemini API reference, "streamGenerateContent",
read 2026-11: without `alt=sse` the chunks are the items of an array.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from relay.proxy.dialects import events as ev
from relay.proxy.dialects.events import Event, Label, PartKind
from relay.proxy.dialects.gemini import answer_shapes as shapes
from relay.proxy.dialects.gemini import usage, writing
from relay.proxy.dialects.gemini.thoughts import sealed
from relay.proxy.error_shapes import Framing
from relay.proxy.types import Usage

_Json = dict[str, Any]


@dataclass(slots=True)
class _Call:
    """A function call under way: as long as its arguments, which the output cap bounds."""

    start: ev.PartStarted
    arguments: list[str] = field(default_factory=list)
    signature: str = ""


@dataclass(slots=True)
class StreamRenderer:
    """Writes one stream. `framing` says how, and how far an array has got."""

    label: Label
    framing: Framing = Framing.SSE
    _open: dict[tuple[int, int], _Call] = field(default_factory=dict)
    _thoughts: dict[tuple[int, int], ev.PartStarted] = field(default_factory=dict)
    _finished: dict[int, ev.Finished] = field(default_factory=dict)
    _usage: Usage | None = None

    def render(self, event: Event) -> bytes:
        """The bytes for this event."""
        match event:
            case ev.TextDelta() | ev.RefusalDelta():
                return self._part(event.choice, writing.text(event.text))
            case ev.ThinkingDelta():
                return self._part(event.choice, writing.thought(event.text))
            case ev.MediaDelta():
                return self._part(event.choice, writing.media(event.media_type, event.data))
            case ev.PartStarted():
                return self._started(event)
            case ev.ArgumentsDelta():
                self._open[event.choice, event.index].arguments.append(event.text)
            case ev.SignatureDelta():
                return self._signed(event)
            case ev.PartEnded():
                return self._ended(event)
            case ev.Logprobs():
                said = shapes.candidate(event.choice, [])
                return self._chunk([{**said, "logprobsResult": writing.logprobs(event.tokens)}])
            case ev.Finished():
                self._finished[event.choice] = event
            case ev.UsageSeen():
                self._usage = event.usage
            case ev.Ended():
                return self._last()
        return b""

    def _started(self, event: ev.PartStarted) -> bytes:
        place = event.choice, event.index
        if event.kind is PartKind.TOOL:
            self._open[place] = _Call(event)
        elif event.kind is PartKind.THINKING:
            self._thoughts[place] = event
        elif event.kind is PartKind.REDACTED_THINKING:
            part = writing.redacted(event.data, event.origin, event.id)
            return self._part(event.choice, part)
        return b""

    def _signed(self, event: ev.SignatureDelta) -> bytes:
        place = event.choice, event.index
        if (call := self._open.get(place)) is not None:
            call.signature = event.signature
            return b""
        start = self._thoughts[place]
        signature = sealed(event.signature, origin=start.origin, item_id=start.id)
        return self._part(event.choice, writing.thought("", signature))

    def _ended(self, event: ev.PartEnded) -> bytes:
        self._thoughts.pop((event.choice, event.index), None)
        call = self._open.pop((event.choice, event.index), None)
        if call is None:
            return b""
        start = call.start
        signature = sealed(call.signature, origin=start.origin)
        part = writing.call(start.id, start.name, "".join(call.arguments), signature)
        return self._part(event.choice, part)

    def _part(self, choice: int, part: _Json) -> bytes:
        return self._chunk([shapes.candidate(choice, [part])])

    def _last(self) -> bytes:
        candidates = [
            shapes.candidate(number, [writing.text("")], end.reason)
            for number, end in sorted(self._finished.items())
        ]
        said = {} if self._usage is None else {"usageMetadata": usage.render(self._usage)}
        is_array = self.framing is not Framing.SSE
        return self._chunk(candidates, **said) + (b"]" if is_array else b"")

    def _chunk(self, candidates: list[_Json], **more: _Json) -> bytes:
        label = {"modelVersion": self.label.model, "responseId": self.label.id}
        data = msgspec.json.encode({"candidates": candidates, **more, **label})
        if self.framing is Framing.SSE:
            return b"data: " + data + b"\r\n\r\n"
        opening = b"[" if self.framing is Framing.ARRAY_START else b",\r\n"
        self.framing = Framing.ARRAY_GOES_ON
        return opening + data
