"""A messages stream, written from events.

Anthropic's blocks come one after the other and are never empty, other vendors' parts may be mixed
or empty. Text and thinking are cut where another part has something to say, and go on in a new
block; during a tool call everything else waits until the call is whole.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from relay.proxy.dialects import events as ev
from relay.proxy.dialects.events import Event, Label, PartKind
from relay.proxy.dialects.messages import answer, reasons, thoughts, usage
from relay.proxy.types import Usage

_Json = dict[str, Any]
_Part = ev.PartStarted | ev.Delta | ev.PartEnded
# What can't be cut in two.
_WHOLE = (PartKind.TOOL, PartKind.REDACTED_THINKING)


def frame(name: str, **fields: Any) -> bytes:
    """A frame, named twice as Anthropic does."""
    body = msgspec.json.encode({"type": name, **fields})
    return b"event: %b\ndata: %b\n\n" % (name.encode(), body)


@dataclass(slots=True)
class StreamRenderer:
    """Writes a client's stream, of the one choice that was asked for; one per answer.

    What waits for a tool call to end is bounded by the answer's output cap.
    """

    label: Label
    _parts: dict[int, ev.PartStarted] = field(default_factory=dict)
    _waiting: dict[int, list[_Part]] = field(default_factory=dict)
    _signatures: dict[int, str] = field(default_factory=dict)  # of tool calls
    _open: int | None = None  # the part whose block is under way
    _blocks: int = 0  # begun so far
    _is_started: bool = False
    _usage: Usage | None = None
    _finished: ev.Finished = field(default_factory=lambda: ev.Finished(0, ev.Reason.STOP))

    def render(self, event: Event) -> bytes:
        """The bytes for this event; the last two frames come with Ended, since the usage that the
        first of them tells may come last."""
        match event:
            case ev.Failed() | ev.Logprobs():
                return b""
            case ev.Started():
                return self._start()
            case ev.UsageSeen():
                self._usage = event.usage
                return b""
            case ev.Ended():
                return self._start() + self._close_all() + self._end()
        if event.choice != 0:
            return b""
        if isinstance(event, ev.Finished):
            self._finished = event
            return self._start() + self._close_all()
        return self._start() + self._place(event) + self._resume()

    def _start(self) -> bytes:
        if self._is_started:
            return b""
        self._is_started = True
        message = {
            **answer.head(self.label),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage.render(self._usage or Usage()),
        }
        return frame("message_start", message=message)

    def _end(self) -> bytes:
        reason = reasons.render(self._finished.reason, self._finished.stop_sequence)
        figures = usage.render(self._usage or Usage())
        del figures["cache_creation"]  # stands in whole messages only
        return frame("message_delta", delta=reason, usage=figures) + frame("message_stop")

    def _place(self, given: _Part) -> bytes:
        """Write what belongs to the open block, or can begin one; let the rest wait."""
        key = given.index
        if isinstance(given, ev.PartStarted):
            self._parts[key] = given
        if key == self._open:
            return self._write(given)
        if key in self._waiting:
            self._waiting[key].append(given)
            return b""
        begin = self._parts.get(key)
        is_empty = given is begin and begin.kind not in _WHOLE  # its first delta will begin it
        if begin is None or is_empty or isinstance(given, ev.PartEnded):
            return b""
        if self._is_blocked:
            self._waiting[key] = [given]
            return b""
        text = self._close() + self._begin(begin)
        return text if given is begin else text + self._write(given)

    @property
    def _is_blocked(self) -> bool:
        """Whether a block is under way that can't be cut."""
        return self._open is not None and self._parts[self._open].kind in _WHOLE

    def _begin(self, start: ev.PartStarted) -> bytes:
        self._open = start.index
        self._blocks += 1
        index = self._blocks - 1
        return frame("content_block_start", index=index, content_block=self._block(start))

    def _block(self, start: ev.PartStarted) -> _Json:
        match start.kind:
            case PartKind.THINKING:
                return {"type": "thinking", "thinking": "", "signature": ""}
            case PartKind.REDACTED_THINKING:
                data = thoughts.sealed(start.data, origin=start.origin, item_id=start.id)
                return {"type": "redacted_thinking", "data": data}
            case PartKind.TOOL:
                return {"type": "tool_use", "id": start.id, "name": start.name, "input": {}}
        return {"type": "text", "text": ""}

    def _write(self, given: _Part) -> bytes:
        match given:
            case ev.PartEnded():
                return self._close()
            case ev.TextDelta() | ev.RefusalDelta():
                return self._delta("text_delta", text=given.text)
            case ev.MediaDelta():
                text = answer.picture(given.media_type, given.data)
                return self._delta("text_delta", text=text)
            case ev.ThinkingDelta():
                return self._delta("thinking_delta", thinking=given.text)
            case ev.ArgumentsDelta():
                return self._delta("input_json_delta", partial_json=given.text)
            case ev.SignatureDelta():
                return self._sign(given)
        return b""

    def _delta(self, kind: str, **fields: str) -> bytes:
        delta = {"type": kind, **fields}
        return frame("content_block_delta", index=self._blocks - 1, delta=delta)

    def _sign(self, given: ev.SignatureDelta) -> bytes:
        start = self._parts[given.index]
        if start.kind is PartKind.TOOL:
            self._signatures[given.index] = thoughts.sealed(given.signature, origin=start.origin)
            return b""
        sealed = thoughts.sealed(given.signature, origin=start.origin, item_id=start.id)
        return self._delta("signature_delta", signature=sealed)

    def _close(self) -> bytes:
        """End the open block. A tool call's signature follows in a block of its own."""
        if self._open is None:
            return b""
        key, self._open = self._open, None
        text = frame("content_block_stop", index=self._blocks - 1)
        if (signature := self._signatures.pop(key, None)) is None:
            return text
        block = {"type": "redacted_thinking", "data": signature}
        index = self._blocks
        self._blocks += 1
        start = frame("content_block_start", index=index, content_block=block)
        return text + start + frame("content_block_stop", index=index)

    def _resume(self) -> bytes:
        """Write what waited, as far as it goes."""
        text = b""
        while self._waiting and not self._is_blocked:
            for given in self._waiting.pop(next(iter(self._waiting))):
                text += self._place(given)
        return text

    def _close_all(self) -> bytes:
        text = self._close()
        while self._waiting:
            text += self._resume() + self._close()
        return text
