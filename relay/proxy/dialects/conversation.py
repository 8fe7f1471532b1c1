"""A request in the form that every dialect can be read into and written from. Plain data.

It says what the caller wants, never how a vendor spells it. `at` and `names` remember how the
caller spelt it, so that what a target cannot carry is refused under the caller's own name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from relay.proxy.causes import Cause
from relay.proxy.errors import ApiError


class Role(StrEnum):
    """Who speaks. System texts stand apart, tool results are parts of the user's turn."""

    USER = "user"
    ASSISTANT = "assistant"


class CacheMark(StrEnum):
    """How long the prompt up to here should stay cached. A hint: it changes no answer."""

    FIVE_MINUTES = "5m"
    ONE_HOUR = "1h"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """What every part has besides its content."""

    cache: CacheMark | None = None
    at: str = field(default="", compare=False)  # the caller's path, e.g. `messages[0].content[1]`


@dataclass(frozen=True, slots=True)
class Text(_Placed):
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Image(_Placed):
    """A picture: `url`, or `data` in base64 with its `media_type`."""

    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    detail: str | None = None  # OpenAI: auto, low, high


@dataclass(frozen=True, slots=True)
class Document(_Placed):
    """A file to read, mostly PDF: `url`, or `data` in base64, or plain `text`."""

    url: str | None = None
    data: str | None = None
    text: str | None = None
    media_type: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Audio(_Placed):
    """Speech: base64 `data` in `format` (wav, mp3, …: the end of an `audio/…` media type)."""

    data: str
    format: str


@dataclass(frozen=True, slots=True)
class Refusal(_Placed):
    """The model's words where it declined."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking(_Placed):
    """The model's reasoning as its vendor showed it.

    Only the vendor that made `signature` can check it; `origin` is that dialect's name ("" where
    it is not known). To others such a part means nothing, and is left out.
    """

    text: str
    signature: str = ""
    origin: str = ""
    id: str = ""  # the reasoning item's, in OpenAI responses


@dataclass(frozen=True, slots=True)
class RedactedThinking(_Placed):
    """Reasoning that only its vendor can read."""

    data: str
    origin: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class ToolUse(_Placed):
    """The model's wish to call a tool. `arguments` is JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str
    signature: str = ""  # Gemini signs function calls rather than thoughts
    origin: str = ""


ResultPart = Text | Image | Document


@dataclass(frozen=True, slots=True)
class ToolResult(_Placed):
    """What the tool answered; stands in the user's turn."""

    id: str
    parts: tuple[ResultPart, ...] = ()
    is_error: bool = False


Part = (
    Text | Image | Document | Audio | Refusal | Thinking | RedactedThinking | ToolUse | ToolResult
)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None  # OpenAI: tells participants of one role apart
    at: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function of the caller's that the model may ask for."""

    name: str
    description: str | None = None
    schema: msgspec.Raw | None = None  # JSON schema of the arguments, the caller's bytes
    strict: bool | None = None
    cache: CacheMark | None = None
    at: str = field(default="", compare=False)


class ToolMode(StrEnum):
    """Whether the model may, must not or must ask for a tool."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """`names` narrows the choice; REQUIRED with one name is "this tool"."""

    mode: ToolMode
    names: tuple[str, ...] = ()


class OutputKind(StrEnum):
    """The form that the answer must have."""

    TEXT = "text"
    JSON = "json"
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The form of the answer; all but `kind` belong to SCHEMA."""

    kind: OutputKind
    name: str = ""
    description: str | None = None
    schema: msgspec.Raw | None = None
    strict: bool | None = None


class Effort(StrEnum):
    """How much to reason, in words, from none at all upward."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How much to reason: an effort or a budget; neither leaves it to the model."""

    effort: Effort | None = None
    budget_tokens: int | None = None  # 0 means off, as Effort.NONE does
    wants_summary: bool | None = None  # None: the vendor's default
    summary: str | None = None  # OpenAI responses: auto, concise, detailed

    @property
    def is_off(self) -> bool:
        """Whether the caller wants no reasoning."""
        return self.effort is Effort.NONE or self.budget_tokens == 0


# Values that say the same as leaving the field out: no dialect has to carry them.
_NEUTRAL = {"n": 1, "frequency_penalty": 0, "presence_penalty": 0, "logprobs": False}


@dataclass(frozen=True, slots=True)
class Conversation:
    """A request. None (or empty) is "the caller did not say"; a set value must be carried."""

    model: str
    messages: tuple[Message, ...]
    system: tuple[Text, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    output: OutputFormat | None = None
    modalities: tuple[str, ...] = ()  # text, image, audio; empty: text
    verbosity: str | None = None  # OpenAI: low, medium, high
    reasoning: Reasoning | None = None
    output_tokens_max: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    n: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: Mapping[str, float] = field(default_factory=dict)
    user: str | None = None  # who the caller's own user is: for abuse, not for the answer
    metadata: Mapping[str, str] = field(default_factory=dict)
    service_tier: str | None = None
    cache_key: str | None = None  # a hint, as cache marks are
    store: bool | None = None
    is_stream: bool = False
    wants_usage: bool = False  # in the stream, where the dialect lets the caller choose
    # Field of this class -> the caller's own name for it, where the two differ.
    names: Mapping[str, str] = field(default_factory=dict, compare=False)

    def not_carried(self, name: str) -> ApiError:
        """The refusal of field `name` (of this class), which the model's upstream cannot take."""
        return not_carried(self.names.get(name, name))

    def refuse(self, *names: str) -> None:
        """Raise the refusal of the first of these fields that asks for anything."""
        for name in names:
            value = getattr(self, name)
            if value not in (None, (), {}) and value != _NEUTRAL.get(name):
                raise self.not_carried(name)

    def parts(self) -> Iterator[Part]:
        """Every part of every turn, in order."""
        for message in self.messages:
            yield from message.parts

    def tool_names(self) -> dict[str, str]:
        """Tool name by call id, for dialects whose results name the tool (Gemini)."""
        return {part.id: part.name for part in self.parts() if isinstance(part, ToolUse)}


def not_carried(param: str) -> ApiError:
    """A refusal: the upstream of this model has no way to say `param`. Status 400."""
    detail = f"'{param}' is not supported for this model"
    return ApiError(Cause.BAD_REQUEST, param=param, detail=detail)


# A vendor's signature travels through another's dialect as text with its origin in front; `#` is
# in no base64 alphabet, so that a native signature is never taken for a sealed one.
_SEAL = "#"


def seal(signature: str, *, origin: str, dialect: str) -> str:
    """The signature as a client of `dialect` gets it; native ones go as they are."""
    return signature if origin == dialect else f"{origin}{_SEAL}{signature}"


def unseal(text: str, *, dialect: str) -> tuple[str, str]:
    """(signature, origin) of what a client of `dialect` sent back."""
    origin, mark, signature = text.partition(_SEAL)
    return (signature, origin) if mark else (text, dialect if text else "")
