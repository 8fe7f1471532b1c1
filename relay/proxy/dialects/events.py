"""An answer as a sequence of events, the same for a stream and for a whole body. Plain data.

The order is Started, then per part PartStarted, deltas, PartEnded (parts of different choices may
mix, parts of one choice may too where the vendor mixes them), Finished per choice, Ended.
UsageSeen may come anywhere and more than once: each holds the figures of the whole answer so far,
so the last one counts. Nothing follows Failed.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from relay.proxy.causes import Cause
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.types import Usage


class PartKind(StrEnum):
    """What a part of an answer is."""

    TEXT = "text"
    THINKING = "thinking"
    REDACTED_THINKING = "redacted_thinking"
    REFUSAL = "refusal"
    TOOL = "tool"
    IMAGE = "image"
    AUDIO = "audio"


class Reason(StrEnum):
    """Why a choice ended."""

    STOP = "stop"
    STOP_SEQUENCE = "stop_sequence"  # one of the caller's own
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"  # the vendor's filter
    REFUSAL = "refusal"  # the model itself
    PAUSE = "pause"  # a long turn that the caller may send back to go on


@dataclass(frozen=True, slots=True)
class Started:
    """The answer begins. `created` is in Unix seconds, 0 where the vendor gives none."""

    id: str
    model: str = ""  # the upstream's own name; never shown
    created: int = 0


@dataclass(frozen=True, slots=True)
class PartStarted:
    """Part `index` of choice `choice` begins; indexes count up from 0 within a choice."""

    choice: int
    index: int
    kind: PartKind
    id: str = ""  # of a tool call, or of a reasoning item
    name: str = ""  # of a tool
    data: str = ""  # REDACTED_THINKING: all of it
    origin: str = ""  # THINKING, REDACTED_THINKING, TOOL: the dialect that signs it


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of a TEXT part."""

    choice: int
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More of a THINKING part."""

    choice: int
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class SignatureDelta:
    """The signature, whole, of a THINKING or TOOL part."""

    choice: int
    index: int
    signature: str
    origin: str = ""  # where the part's start did not say it yet


@dataclass(frozen=True, slots=True)
class RefusalDelta:
    """More of a REFUSAL part."""

    choice: int
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class ArgumentsDelta:
    """More of a TOOL part's arguments, which are JSON text once they are whole."""

    choice: int
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class MediaDelta:
    """More of an IMAGE or AUDIO part: base64 `data`, an image always whole."""

    choice: int
    index: int
    media_type: str
    data: str


@dataclass(frozen=True, slots=True)
class PartEnded:
    """Nothing more of this part will come."""

    choice: int
    index: int


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token and its log probability; `top` are the likeliest at its place."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None
    top: tuple["TokenLogprob", ...] = ()


@dataclass(frozen=True, slots=True)
class Logprobs:
    """Log probabilities of the next tokens of a TEXT part (or REFUSAL part)."""

    choice: int
    index: int
    tokens: tuple[TokenLogprob, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """A choice has ended. `stop_sequence` is the caller's stop string that came, where known."""

    choice: int
    reason: Reason
    stop_sequence: str | None = None


@dataclass(frozen=True, slots=True)
class UsageSeen:
    """The figures of the whole answer so far; the last one counts."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Failed:
    """The upstream broke off. What it said of it is not kept."""

    cause: Cause = Cause.UPSTREAM_ERROR


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is whole. What a renderer writes for it goes out after settlement."""


Delta = (
    TextDelta
    | ThinkingDelta
    | SignatureDelta
    | RefusalDelta
    | ArgumentsDelta
    | MediaDelta
    | Logprobs
)
Event = Started | PartStarted | Delta | PartEnded | Finished | UsageSeen | Failed | Ended


@dataclass(frozen=True, slots=True)
class Label:
    """What an answer tells the client of itself. Renderers put their dialect's prefix to `id`."""

    id: str  # ours, of the Call
    model: str  # the public name
    created: int  # Unix seconds
    conversation: Conversation  # some dialects answer with parts of the question


class StreamParser(Protocol):
    """Reads an upstream's stream; one per answer."""

    def feed(self, chunk: bytes) -> list[Event]:
        """What these bytes tell; Ended as soon as the vendor's own end mark was read."""

    def end(self) -> list[Event]:
        """The body is over: what is still to tell, Ended only where the answer is whole."""


class StreamRenderer(Protocol):
    """Writes a client's stream; one per answer."""

    def render(self, event: Event) -> bytes:
        """The bytes for this event, often none. What it gives for Ended goes out after
        settlement; Failed gives none, because the relay words errors itself."""
