"""A chat stream, read into events. Its writing is `stream_out`.

Chat numbers choices and tool calls, but no parts: a part ends where one of another kind begins.
Source: OpenAI API reference, "The chat completion chunk object", read 2026-11.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from relay.proxy import sse
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.chat import answer_fields, reasons, usage
from relay.proxy.dialects.chat.answer import image_of, made_id, signature_of
from relay.proxy.dialects.chat.fields import ReasoningDetail
from relay.proxy.dialects.chat.stream_out import StreamRenderer
from relay.proxy.dialects.chat.thoughts import origin_of
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.events import Event, PartKind
from relay.proxy.dialects.logprobs import logprobs_of

__all__ = ["StreamParser", "StreamRenderer"]

# Pictures come in one frame; the largest are some 20 MB in base64.
FRAME_BYTES_MAX = 32_000_000

_ERROR_EVENT = re.compile(rb"^event:[ ]?error", re.M)


@dataclass(slots=True)
class StreamParser:
    """Follows one chat stream."""

    _buffer: sse.FrameBuffer = field(default_factory=lambda: sse.FrameBuffer(FRAME_BYTES_MAX))
    _choices: dict[int, "_Choice"] = field(default_factory=dict)
    _id: str = ""
    _is_started: bool = False
    _is_over: bool = False  # ended or failed: nothing more is read

    def feed(self, chunk: bytes) -> list[Event]:
        """What these bytes tell."""
        block = self._buffer.feed(chunk)
        return [event for frame in sse.frames(block) for event in self._frame(frame)]

    def end(self) -> list[Event]:
        """The body is over. Not every vendor sends a `[DONE]`: a finish_reason will do."""
        tail = self._buffer.tail.strip()
        if tail:
            # A frame that is cut off spoils the answer, but not a last `[DONE]`.
            is_whole = sse.data_of(tail).strip() == b"[DONE]"
        else:
            is_whole = any(choice.is_finished for choice in self._choices.values())
        return self._ended() if is_whole and not self._is_over else []

    def _frame(self, frame: bytes) -> list[Event]:
        data = sse.data_of(frame).strip()
        if self._is_over or not data:
            return []
        if data == b"[DONE]":
            return self._ended()
        try:
            answer = answer_fields.decoder.decode(data)
        except (msgspec.DecodeError, RecursionError):
            return self._failed()
        if is_given(answer.error) or answer.object == "error" or _ERROR_EVENT.search(frame):
            return self._failed()
        return list(self._chunk(answer))

    def _chunk(self, answer: answer_fields.Answer) -> Iterator[Event]:
        if not self._is_started:
            self._is_started, self._id = True, answer.id or ""
            yield ev.Started(self._id, answer.model or "", int(answer.created or 0))
        for given in answer.choices or []:
            choice = self._choices.get(given.index)
            if choice is None:
                choice = self._choices[given.index] = _Choice(given.index, self._id)
            yield from choice.read(given)
        if is_given(answer.usage) and (figures := usage.parse(answer.usage)) is not None:
            yield ev.UsageSeen(figures)

    def _ended(self) -> list[Event]:
        self._is_over = True
        events = [event for choice in self._choices.values() for event in choice.finish(None)]
        return [*events, ev.Ended()]

    def _failed(self) -> list[Event]:
        self._is_over = True
        return [ev.Failed()]


@dataclass(slots=True)
class _Choice:
    """One choice's parts as they open and close."""

    number: int
    answer_id: str
    is_finished: bool = False
    _parts: int = 0
    _open: tuple[PartKind, int, str] | None = None  # kind, index, what tells it from its like
    _tools: dict[int, int] = field(default_factory=dict)  # chat's number -> index
    _has_refusal: bool = False

    def read(self, given: answer_fields.Choice) -> Iterator[Event]:
        """The events of one chunk's word on this choice."""
        if self.is_finished:
            return
        delta = given.delta or answer_fields.Message()
        yield from self._thoughts(delta)
        if delta.content:
            yield from self._begin(PartKind.TEXT)
            yield ev.TextDelta(self.number, self._parts - 1, delta.content)
        if delta.refusal:
            self._has_refusal = True
            yield from self._begin(PartKind.REFUSAL)
            yield ev.RefusalDelta(self.number, self._parts - 1, delta.refusal)
        if given.logprobs is not None and (tokens := given.logprobs.tokens):
            index = self._open[1] if self._open else 0
            yield ev.Logprobs(self.number, index, logprobs_of(tokens))
        for image in delta.images or []:
            yield from self._image(image)
        for call in delta.tool_calls or []:
            yield from self._call(call)
        if given.finish_reason:
            yield from self.finish(given.finish_reason)

    def finish(self, word: str | None) -> Iterator[Event]:
        """The choice ends, at the vendor's word or with the stream."""
        if self.is_finished:
            return
        self.is_finished = True
        yield from self._close()
        reason = reasons.parse(word, has_tools=bool(self._tools), has_refusal=self._has_refusal)
        yield ev.Finished(self.number, reason)

    def _begin(
        self,
        kind: PartKind,
        key: str = "",
        *,
        id: str = "",
        origin: str = "",
        name: str = "",
        data: str = "",
    ) -> Iterator[Event]:
        """Open a part, unless it is the one that is open."""
        if self._open is not None and self._open[::2] == (kind, key):
            return
        yield from self._close()
        self._open = (kind, self._parts, key)
        yield ev.PartStarted(
            self.number, self._parts, kind, id=id, name=name, data=data, origin=origin
        )
        self._parts += 1

    def _close(self) -> Iterator[Event]:
        if self._open is not None:
            yield ev.PartEnded(self.number, self._open[1])
            self._open = None

    def _thoughts(self, delta: answer_fields.Message) -> Iterator[Event]:
        if delta.reasoning_details:
            for detail in delta.reasoning_details:
                yield from self._detail(detail)
        elif text := delta.reasoning_content or delta.reasoning:
            yield from self._begin(PartKind.THINKING, origin="chat")
            yield ev.ThinkingDelta(self.number, self._parts - 1, text)

    def _detail(self, detail: ReasoningDetail) -> Iterator[Event]:
        origin, item_id = origin_of(detail), detail.id or ""
        if detail.type == "reasoning.encrypted":
            yield from self._encrypted(detail, origin, item_id)
            return
        key = f"{origin} {detail.index or 0}"
        yield from self._begin(PartKind.THINKING, key, id=item_id, origin=origin)
        if text := detail.text or detail.summary:
            yield ev.ThinkingDelta(self.number, self._parts - 1, text)
        if detail.signature:
            yield ev.SignatureDelta(self.number, self._parts - 1, detail.signature)

    def _encrypted(self, detail: ReasoningDetail, origin: str, item_id: str) -> Iterator[Event]:
        """OpenAI's encrypted reasoning seals the summary before it; others' stands for itself."""
        data = detail.data or ""
        is_thinking = self._open is not None and self._open[0] is PartKind.THINKING
        if is_thinking and origin == "responses":
            yield ev.SignatureDelta(self.number, self._parts - 1, data)
        else:
            kind = PartKind.REDACTED_THINKING
            yield from self._begin(kind, f"{self._parts}", id=item_id, origin=origin, data=data)
        yield from self._close()

    def _image(self, given: answer_fields.Image) -> Iterator[Event]:
        image = image_of(given)
        if image is not None:
            yield from self._begin(PartKind.IMAGE, f"{self._parts}")
            index, media_type = self._parts - 1, image.media_type or ""
            yield ev.MediaDelta(self.number, index, media_type, image.data or "")

    def _call(self, call: answer_fields.ToolCall) -> Iterator[Event]:
        called = call.function or answer_fields.Called()
        # Without a number, a call that has a name is a new one.
        last = len(self._tools) - (0 if called.name else 1)
        number = max(last, 0) if call.index is None else call.index
        signature = signature_of(call)
        if number not in self._tools:
            self._tools[number] = self._parts
            yield from self._begin(
                PartKind.TOOL,
                f"{number}",
                id=call.id or made_id(self.answer_id, number),
                name=called.name or "",
            )
        index = self._tools[number]
        if called.arguments:
            yield ev.ArgumentsDelta(self.number, index, called.arguments)
        if signature:
            yield ev.SignatureDelta(self.number, index, signature, "gemini")
