"""What we look at of an OpenAI chat request, and which values of it are refused.

Sources, read 2026-11: OpenAI API reference, "Create chat completion"; Alibaba Cloud Model Studio,
"OpenAI compatible - Chat" (token ids in `stop`, seeds of 64 bits). A parameter that is not here
passes as the caller wrote it.
"""

from typing import Annotated, Literal

import msgspec

from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.decoding import complaint, wrong
from relay.proxy.dialects.service_tier import refuse_others
from relay.proxy.errors import ApiError, Cause

# OpenAI documents n up to 128; more would only serve to make a Hold overflow.
CHOICES_MAX = 128
STOPS_MAX = 4
# The older form of `logprobs`, a number, goes up to what OpenAI's completions give.
LOGPROBS_MAX = 5
TOP_LOGPROBS_MAX = 20
SEED_MIN, SEED_MAX = -(2**63), 2**64 - 1  # OpenAI's are signed, Model Studio's are not

Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]
TopLogprobs = Annotated[int, msgspec.Meta(ge=0, le=TOP_LOGPROBS_MAX)]
FunctionName = Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_-]{1,64}$")]


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class Message(msgspec.Struct):
    role: str
    tool_call_id: str | None = None


class File(msgspec.Struct):
    file_id: str | None = None


class Part(msgspec.Struct):
    file: File | None = None


class Turn(msgspec.Struct):
    content: str | list[Part] | None = None


class Function(msgspec.Struct):
    name: FunctionName
    description: str | None = None
    parameters: dict[str, msgspec.Raw] | None = None


class Tool(msgspec.Struct):
    type: str  # some vendors have more than functions
    function: Function | None = None


class ResponseFormat(msgspec.Struct):
    type: str


class Looked(msgspec.Struct):
    model: str
    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | float | None = None
    max_completion_tokens: int | float | None = None
    n: int | float | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    stop: str | list[str | int | list[int]] | None = None
    seed: int | None = None
    logprobs: bool | Annotated[int, msgspec.Meta(ge=0, le=LOGPROBS_MAX)] | None = None
    top_logprobs: TopLogprobs | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["auto", "none", "required"] | dict[str, msgspec.Raw] | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    user: str | None = None
    service_tier: str | None = None


_looked = msgspec.json.Decoder(Looked)
_turns = msgspec.json.Decoder(list[Turn])


def look(body: bytes) -> Looked:
    """Read a body that is known to be JSON; raises ApiError naming the parameter that is wrong."""
    try:
        looked = _looked.decode(body)
    except msgspec.ValidationError as error:
        raise complaint(str(error)) from None
    if not looked.messages:
        raise wrong("messages", "must not be empty")
    if not looked.model.isprintable():
        raise wrong("model", "must be printable text")
    if looked.seed is not None and not SEED_MIN <= looked.seed <= SEED_MAX:
        raise wrong("seed", f"must be a whole number, {SEED_MIN} to {SEED_MAX}")
    if looked.service_tier is not None:
        refuse_others(looked.service_tier)
    if isinstance(looked.stop, list):
        _check_stops(looked.stop)
    for number, tool in enumerate(looked.tools or ()):
        if tool.type == "function" and tool.function is None:
            name = f"tools[{number}].function"
            raise ApiError(Cause.MISSING_PARAMETER, param=name, detail=name)
    return looked


def refuse_stored_files(messages: msgspec.Raw) -> None:
    """Raise the refusal (400) of a file in the vendor's store, where all customers of an Upstream
    have one account."""
    try:
        turns = _turns.decode(messages)
    except msgspec.ValidationError as error:
        raise complaint(str(error), at="messages") from None
    for number, turn in enumerate(turns):
        for index, part in enumerate(turn.content if isinstance(turn.content, list) else ()):
            if part.file is not None and part.file.file_id is not None:
                raise not_carried(f"messages[{number}].content[{index}].file.file_id")


def _check_stops(stops: list[str | int | list[int]]) -> None:
    kinds = {type(stop) for stop in stops}
    if len(kinds) > 1:
        raise wrong("stop", "must be all texts, all token ids, or all arrays of token ids")
    if kinds == {str} and len(stops) > STOPS_MAX:
        raise wrong("stop", f"must be {STOPS_MAX} texts at most")
