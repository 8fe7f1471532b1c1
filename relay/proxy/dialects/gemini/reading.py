"""Google's chunks, read into events. A whole answer is a stream of one chunk.

Candidates are numbered, parts are not: a part ends where one of another kind begins. Google marks
no end of a stream, and what follows a finishReason may still count: both are told at the end.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from relay.proxy.dialects import events as ev
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.events import Event, PartKind
from relay.proxy.dialects.gemini import answer_shapes as shapes
from relay.proxy.dialects.gemini import usage
from relay.proxy.dialects.gemini.thoughts import DIALECT

_MEDIA = {"image": PartKind.IMAGE, "audio": PartKind.AUDIO}


@dataclass(slots=True)
class Reading:
    """One answer as its chunks come."""

    _candidates: dict[int, "_Candidate"] = field(default_factory=dict)
    _id: str = ""
    _is_started: bool = False
    _is_blocked: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether every candidate gave its reason to end, or the prompt was blocked."""
        found = self._candidates.values()
        return self._is_blocked or (bool(found) and all(one.reason is not None for one in found))

    def read(self, given: shapes.Answer) -> Iterator[Event]:
        """What a chunk tells."""
        if not self._is_started:
            self._is_started, self._id = True, given.response_id
            yield ev.Started(given.response_id, given.model_version)
        for one in given.candidates or []:
            candidate = self._candidates.get(one.index)
            if candidate is None:
                candidate = self._candidates[one.index] = _Candidate(one.index, self._id)
            yield from candidate.read(one)
        feedback = given.prompt_feedback
        if feedback is not None and feedback.block_reason and not self._candidates:
            self._is_blocked = True
        if is_given(given.usage_metadata):
            figures = usage.parse(given.usage_metadata)
            if figures is not None:
                yield ev.UsageSeen(figures)

    def finish(self) -> Iterator[Event]:
        """The end of an answer that is finished."""
        for number in sorted(self._candidates):
            yield from self._candidates[number].finish()
        if not self._candidates:
            yield ev.Finished(0, ev.Reason.CONTENT_FILTER)
        yield ev.Ended()


@dataclass(slots=True)
class _Candidate:
    """One candidate's parts as they open and close."""

    number: int
    answer_id: str
    reason: str | None = None
    _parts: int = 0
    _open: PartKind | None = None  # the last part, where more of it may come
    _calls: int = 0

    def read(self, given: shapes.Candidate) -> Iterator[Event]:
        parts = given.content.parts if given.content is not None else None
        for part in parts or []:
            yield from self._part(part)
        if given.logprobs_result is not None:
            yield from self._logprobs(given.logprobs_result)
        if given.finish_reason is not None:
            self.reason = given.finish_reason

    def finish(self) -> Iterator[Event]:
        yield from self._close()
        reason = shapes.reason_of(self.reason or "STOP", has_calls=self._calls > 0)
        yield ev.Finished(self.number, reason)

    def _part(self, part: shapes.Part) -> Iterator[Event]:
        if part.function_call is not None:
            yield from self._call(part.function_call, part.thought_signature)
        elif part.inline_data is not None:
            yield from self._media(part.inline_data)
        elif part.thought:
            yield from self._thought(part)
        else:
            if part.text:
                yield from self._into(PartKind.TEXT)
                yield ev.TextDelta(self.number, self._parts - 1, part.text)
            if part.thought_signature:
                yield from self._signature(part.thought_signature)

    def _thought(self, part: shapes.Part) -> Iterator[Event]:
        yield from self._into(PartKind.THINKING)
        if part.text:
            yield ev.ThinkingDelta(self.number, self._parts - 1, part.text)
        if part.thought_signature:
            yield ev.SignatureDelta(self.number, self._parts - 1, part.thought_signature)
            yield from self._close()

    def _signature(self, signature: str) -> Iterator[Event]:
        """A signature beside a text is a part of its own in the common form."""
        kind = PartKind.REDACTED_THINKING
        yield from self._start(kind, data=signature, origin=DIALECT)
        yield from self._close()

    def _call(self, call: shapes.FunctionCall, signature: str) -> Iterator[Event]:
        arguments = bytes(call.args).decode() if is_given(call.args) else "{}"
        id_ = call.id or self._made_id(call.name + arguments)
        self._calls += 1
        yield from self._start(PartKind.TOOL, id=id_, name=call.name, origin=DIALECT)
        yield ev.ArgumentsDelta(self.number, self._parts - 1, arguments)
        if signature:
            yield ev.SignatureDelta(self.number, self._parts - 1, signature)
        yield from self._close()

    def _made_id(self, call: str) -> str:
        """An id for a call that has none: the same in a stream and a whole answer."""
        owner = self.answer_id or hashlib.sha256(call.encode()).hexdigest()[:16]
        number = f"{self.number}_{self._calls}" if self.number else str(self._calls)
        return f"call_{owner}_{number}"

    def _media(self, blob: shapes.Blob) -> Iterator[Event]:
        kind = _MEDIA.get(blob.mime_type.partition("/")[0])
        if kind is None:
            return
        yield from self._start(kind)
        yield ev.MediaDelta(self.number, self._parts - 1, blob.mime_type, blob.data)
        yield from self._close()

    def _logprobs(self, result: shapes.LogprobsResult) -> Iterator[Event]:
        tops = result.top_candidates or []
        tokens = []
        for place, chosen in enumerate(result.chosen_candidates or []):
            likeliest = tops[place].candidates if place < len(tops) else None
            top = tuple(ev.TokenLogprob(t.token, t.log_probability) for t in likeliest or [])
            tokens.append(ev.TokenLogprob(chosen.token, chosen.log_probability, top=top))
        if tokens:
            yield from self._into(PartKind.TEXT)
            yield ev.Logprobs(self.number, self._parts - 1, tuple(tokens))

    def _into(self, kind: PartKind) -> Iterator[Event]:
        """Go on with the open part where it is of this kind, else begin one."""
        if self._open is not kind:
            origin = DIALECT if kind is PartKind.THINKING else ""
            yield from self._start(kind, origin=origin)

    def _start(
        self, kind: PartKind, *, id: str = "", name: str = "", data: str = "", origin: str = ""
    ) -> Iterator[Event]:
        yield from self._close()
        started = ev.PartStarted(
            self.number, self._parts, kind, id=id, name=name, data=data, origin=origin
        )
        self._parts, self._open = self._parts + 1, kind
        yield started

    def _close(self) -> Iterator[Event]:
        if self._open is not None:
            self._open = None
            yield ev.PartEnded(self.number, self._parts - 1)
