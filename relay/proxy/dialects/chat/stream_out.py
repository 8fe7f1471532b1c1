"""Events, written as a chat stream.

Source: OpenAI API reference, "The chat completion chunk object", read 2026-11. Reasoning goes
into `reasoning_content` and `reasoning_details` (see `thoughts`), pictures into `images`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from relay.proxy import sse
from relay.proxy.dialects import data_urls
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.chat import reasons, thoughts, usage
from relay.proxy.dialects.events import Event, Label, PartKind
from relay.proxy.dialects.logprobs import logprobs_body
from relay.proxy.types import Usage

DONE = sse.event(b"[DONE]")

_encode = msgspec.json.encode
_Delta = Mapping[str, Any]


@dataclass(slots=True)
class StreamRenderer:
    """Writes one chat stream."""

    label: Label
    _head: bytes = b""  # every chunk's beginning
    _parts: dict[tuple[int, int], ev.PartStarted] = field(default_factory=dict)
    _tools: dict[tuple[int, int], int] = field(default_factory=dict)  # part -> chat's number
    _choices: set[int] = field(default_factory=set)  # those whose role was told
    _refusing: set[int] = field(default_factory=set)
    _usage: Usage | None = None

    def __post_init__(self) -> None:
        named = {
            "id": f"chatcmpl-{self.label.id}",
            "object": "chat.completion.chunk",
            "created": self.label.created,
            "model": self.label.model,
        }
        self._head = _encode(named)[:-1]

    def render(self, event: Event) -> bytes:
        """The bytes for this event."""
        match event:
            case ev.UsageSeen():
                self._usage = event.usage
            case ev.PartStarted():
                return self._part(event)
            case ev.TextDelta():
                return self._delta(event.choice, {"content": event.text})
            case ev.ThinkingDelta():
                return self._delta(event.choice, self._thought(event))
            case ev.RefusalDelta():
                return self._delta(event.choice, {"refusal": event.text})
            case ev.ArgumentsDelta():
                function = {"arguments": event.text}
                return self._call(event.choice, event.index, {"function": function})
            case ev.SignatureDelta():
                return self._signature(event)
            case ev.MediaDelta():
                url = data_urls.written(event.media_type, event.data)
                image = {"type": "image_url", "image_url": {"url": url}}
                return self._delta(event.choice, {"images": [image]})
            case ev.Logprobs():
                return self._logprobs(event)
            case ev.Finished():
                return self._finished(event)
            case ev.Ended():
                return self._usage_chunk() + DONE
        return b""

    def _part(self, part: ev.PartStarted) -> bytes:
        self._parts[part.choice, part.index] = part
        match part.kind:
            case PartKind.TOOL:
                number = sum(choice == part.choice for choice, _ in self._tools)
                self._tools[part.choice, part.index] = number
                function = {"name": part.name, "arguments": ""}
                call = {"id": part.id, "type": "function", "function": function}
                return self._call(part.choice, part.index, call)
            case PartKind.REDACTED_THINKING:
                detail = thoughts.encrypted_detail(part.index, part.origin, part.data, part.id)
                return self._delta(part.choice, {"reasoning_details": [detail]})
            case PartKind.REFUSAL:
                self._refusing.add(part.choice)
        return self._role(part.choice)

    def _thought(self, delta: ev.ThinkingDelta) -> _Delta:
        part = self._parts[delta.choice, delta.index]
        if part.origin == "responses":
            detail = thoughts.summary_detail(delta.index, part.origin, delta.text, part.id)
        else:
            detail = thoughts.text_detail(delta.index, part.origin, text=delta.text)
        return {"reasoning_content": delta.text, "reasoning_details": [detail]}

    def _signature(self, delta: ev.SignatureDelta) -> bytes:
        part = self._parts[delta.choice, delta.index]
        if part.kind is PartKind.TOOL:
            google = {"google": {"thought_signature": delta.signature}}
            return self._call(delta.choice, delta.index, {"extra_content": google})
        if part.origin == "responses":
            detail = thoughts.encrypted_detail(delta.index, part.origin, delta.signature, part.id)
        else:
            detail = thoughts.text_detail(delta.index, part.origin, signature=delta.signature)
        return self._delta(delta.choice, {"reasoning_details": [detail]})

    def _logprobs(self, event: ev.Logprobs) -> bytes:
        tokens = logprobs_body(event.tokens)
        is_refusing = event.choice in self._refusing
        logprobs = {
            "content": None,
            "refusal": None,
            "refusal" if is_refusing else "content": tokens,
        }
        return self._role(event.choice) + self._chunk(event.choice, {}, logprobs=logprobs)

    def _finished(self, event: ev.Finished) -> bytes:
        has_refusal = event.choice in self._refusing
        reason = reasons.render(event.reason, has_refusal=has_refusal)
        return self._role(event.choice) + self._chunk(event.choice, {}, reason=reason)

    def _role(self, choice: int) -> bytes:
        """The first chunk of a choice, once."""
        if choice in self._choices:
            return b""
        self._choices.add(choice)
        return self._chunk(choice, {"role": "assistant", "content": ""})

    def _delta(self, choice: int, delta: _Delta) -> bytes:
        return self._role(choice) + self._chunk(choice, delta)

    def _call(self, choice: int, index: int, call: _Delta) -> bytes:
        number = self._tools[choice, index]
        return self._delta(choice, {"tool_calls": [{"index": number, **call}]})

    def _chunk(
        self,
        choice: int,
        delta: _Delta,
        *,
        reason: str | None = None,
        logprobs: _Delta | None = None,
    ) -> bytes:
        body = _encode(
            [{"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": reason}]
        )
        usage_null = b',"usage":null' if self.label.conversation.wants_usage else b""
        return sse.event(self._head + b',"choices":' + body + usage_null + b"}")

    def _usage_chunk(self) -> bytes:
        if self._usage is None or not self.label.conversation.wants_usage:
            return b""
        figures = _encode(usage.render(self._usage))
        return sse.event(self._head + b',"choices":[],"usage":' + figures + b"}")
