"""A whole answer: what the events of it amount to, and the events of one that came in one piece."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from relay.proxy.dialects import events as ev
from relay.proxy.dialects.conversation import (
    Audio,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolUse,
)
from relay.proxy.dialects.events import Event, PartKind
from relay.proxy.types import Usage

AnswerPart = Text | Thinking | RedactedThinking | Refusal | ToolUse | Image | Audio


@dataclass(slots=True)
class Choice:
    """One of the answers that were asked for."""

    parts: list[AnswerPart] = field(default_factory=list)
    reason: ev.Reason = ev.Reason.STOP
    stop_sequence: str | None = None
    logprobs: tuple[ev.TokenLogprob, ...] | None = None

    @property
    def text(self) -> str:
        """All plain text of it."""
        return "".join([part.text for part in self.parts if isinstance(part, Text)])

    @property
    def thinking(self) -> str:
        """All reasoning that was shown."""
        return "".join([part.text for part in self.parts if isinstance(part, Thinking)])

    @property
    def refusal(self) -> str:
        """The model's words where it declined."""
        return "".join([part.text for part in self.parts if isinstance(part, Refusal)])

    @property
    def tools(self) -> list[ToolUse]:
        """The tool calls that it asks for."""
        return [part for part in self.parts if isinstance(part, ToolUse)]


@dataclass(slots=True)
class Whole:
    """An answer in one piece; `usage` is None where the vendor gave none, or nonsense."""

    id: str = ""
    model: str = ""
    created: int = 0
    choices: list[Choice] = field(default_factory=list)
    usage: Usage | None = None


@dataclass(slots=True)
class _Open:
    """A part under way."""

    start: ev.PartStarted
    texts: list[str] = field(default_factory=list)
    signature: str = ""
    origin: str = ""
    media_type: str = ""

    def closed(self) -> AnswerPart:
        start, text = self.start, "".join(self.texts)
        origin = self.origin or start.origin
        match start.kind:
            case PartKind.TEXT:
                return Text(text)
            case PartKind.REFUSAL:
                return Refusal(text)
            case PartKind.THINKING:
                return Thinking(text, self.signature, origin, start.id)
            case PartKind.REDACTED_THINKING:
                return RedactedThinking(start.data, start.origin, start.id)
            case PartKind.TOOL:
                return ToolUse(start.id, start.name, text, self.signature, origin)
            case PartKind.IMAGE:
                return Image(data=text, media_type=self.media_type)
            case PartKind.AUDIO:
                return Audio(text, self.media_type.partition("/")[2])


@dataclass(slots=True)
class Gatherer:
    """Puts an answer together while its events go by. As large as the answer itself, which the
    output cap of the Call bounds."""

    whole: Whole = field(default_factory=Whole)
    _parts: dict[tuple[int, int], _Open] = field(default_factory=dict)
    _logprobs: dict[int, list[ev.TokenLogprob]] = field(default_factory=dict)
    _finished: dict[int, ev.Finished] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case ev.Started():
                self.whole.id, self.whole.model = event.id, event.model
                self.whole.created = event.created
            case ev.PartStarted():
                self._parts[event.choice, event.index] = _Open(event)
            case ev.UsageSeen():
                self.whole.usage = event.usage
            case ev.Finished():
                self._finished[event.choice] = event
            case ev.Logprobs():
                self._logprobs.setdefault(event.choice, []).extend(event.tokens)
            case ev.SignatureDelta():
                signed = self._parts[event.choice, event.index]
                signed.signature, signed.origin = event.signature, event.origin
            case ev.MediaDelta():
                self._parts[event.choice, event.index].media_type = event.media_type
                self._parts[event.choice, event.index].texts.append(event.data)
            case ev.TextDelta() | ev.ThinkingDelta() | ev.RefusalDelta() | ev.ArgumentsDelta():
                self._parts[event.choice, event.index].texts.append(event.text)

    def part(self, choice: int, index: int) -> AnswerPart:
        """One part as it stands."""
        return self._parts[choice, index].closed()

    def gathered(self) -> Whole:
        """The answer as it stands; choices and parts in the order of their indexes."""
        numbers = {choice for choice, _ in self._parts} | set(self._finished)
        self.whole.choices = [self._choice(number) for number in sorted(numbers)]
        return self.whole

    def _choice(self, number: int) -> Choice:
        keys = sorted(key for key in self._parts if key[0] == number)
        choice = Choice([self._parts[key].closed() for key in keys])
        if (end := self._finished.get(number)) is not None:
            choice.reason, choice.stop_sequence = end.reason, end.stop_sequence
        if (logprobs := self._logprobs.get(number)) is not None:
            choice.logprobs = tuple(logprobs)
        return choice


def gather(events: Iterable[Event]) -> Whole:
    """The answer that these events tell."""
    gatherer = Gatherer()
    for event in events:
        gatherer.add(event)
    return gatherer.gathered()


def spread(whole: Whole) -> list[Event]:
    """The events that tell this answer, one delta per part."""
    events: list[Event] = [ev.Started(whole.id, whole.model, whole.created)]
    for number, choice in enumerate(whole.choices):
        for index, part in enumerate(choice.parts):
            events += _spread_part(number, index, part)
        if choice.logprobs is not None:
            index = _logprobs_index(choice)
            events.append(ev.Logprobs(number, index, choice.logprobs))
        events.append(ev.Finished(number, choice.reason, choice.stop_sequence))
    if whole.usage is not None:
        events.append(ev.UsageSeen(whole.usage))
    return [*events, ev.Ended()]


def _logprobs_index(choice: Choice) -> int:
    """The first part that has tokens to speak of."""
    texts = [i for i, part in enumerate(choice.parts) if isinstance(part, Text | Refusal)]
    return texts[0] if texts else 0


def _spread_part(choice: int, index: int, part: AnswerPart) -> Iterator[Event]:
    yield _start_of(choice, index, part)
    match part:
        case Text() if part.text:
            yield ev.TextDelta(choice, index, part.text)
        case Refusal() if part.text:
            yield ev.RefusalDelta(choice, index, part.text)
        case Thinking() if part.text:
            yield ev.ThinkingDelta(choice, index, part.text)
        case ToolUse() if part.arguments:
            yield ev.ArgumentsDelta(choice, index, part.arguments)
        case Image():
            yield ev.MediaDelta(choice, index, part.media_type or "image/png", part.data or "")
        case Audio():
            yield ev.MediaDelta(choice, index, f"audio/{part.format}", part.data)
    if isinstance(part, Thinking | ToolUse) and part.signature:
        yield ev.SignatureDelta(choice, index, part.signature)
    yield ev.PartEnded(choice, index)


def _start_of(choice: int, index: int, part: AnswerPart) -> ev.PartStarted:
    match part:
        case Text():
            return ev.PartStarted(choice, index, PartKind.TEXT)
        case Refusal():
            return ev.PartStarted(choice, index, PartKind.REFUSAL)
        case Thinking():
            kind = PartKind.THINKING
            return ev.PartStarted(choice, index, kind, id=part.id, origin=part.origin)
        case RedactedThinking():
            kind = PartKind.REDACTED_THINKING
            return ev.PartStarted(
                choice, index, kind, id=part.id, data=part.data, origin=part.origin
            )
        case ToolUse():
            kind = PartKind.TOOL
            return ev.PartStarted(
                choice, index, kind, id=part.id, name=part.name, origin=part.origin
            )
        case Image():
            return ev.PartStarted(choice, index, PartKind.IMAGE)
        case Audio():
            return ev.PartStarted(choice, index, PartKind.AUDIO)
