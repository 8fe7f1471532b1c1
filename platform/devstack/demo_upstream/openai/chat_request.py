"""What a chat completion request may say, decoded and checked. Never answers it.

Source: OpenAI API reference, "Create chat completion", read 2026-11.
"""

from typing import Annotated, Any, Literal

import msgspec

from devstack.demo_upstream import tokens, tools
from devstack.demo_upstream.compose import CHOICES_MAX, Wanted
from devstack.demo_upstream.decoding import check_model, decode
from devstack.demo_upstream.openai.chat_messages import Message, check_messages
from devstack.demo_upstream.tools import Function, ToolChoice

Positive = Annotated[int, msgspec.Meta(ge=1)]
Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]

# Reasoning tokens of an answer by the effort asked for; hidden, as OpenAI hides them.
_REASONING_TOKENS = {"none": 0, "minimal": 4, "low": 8, "medium": 16, "high": 32, "xhigh": 64}


class FunctionTool(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9_.-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(msgspec.Struct):
    type: str
    function: FunctionTool | None = None


class StreamOptions(msgspec.Struct):
    include_usage: bool = False


class JsonSchema(msgspec.Struct):
    name: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class ResponseFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class AudioWanted(msgspec.Struct):
    voice: str | dict[str, Any]
    format: Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"]


class ChatRequest(msgspec.Struct):
    """The fields that change the answer, or that a strict server checks. Others are ignored."""

    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Positive | None = None
    max_completion_tokens: Positive | None = None
    stop: str | list[Any] | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=CHOICES_MAX)] | None = 1
    seed: int | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    user: str | None = None
    tools: list[Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool | int | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    audio: AudioWanted | None = None

    def wants_usage(self) -> bool:
        """Whether a stream ends with the usage chunk."""
        return self.stream_options is not None and self.stream_options.include_usage

    def wants_audio(self) -> bool:
        """Whether the answer is spoken."""
        return self.modalities is not None and "audio" in self.modalities

    def stops(self) -> tuple[str, ...]:
        """The stop strings. Numeric ids belong to a vocabulary, and the demo has none."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(stop for stop in stops if isinstance(stop, str) and stop)

    def top_count(self) -> int | None:
        """How many alternatives each token's log probability carries; None: none are wanted."""
        if self.logprobs is None or self.logprobs is False:
            return None
        if self.logprobs is True:
            return self.top_logprobs or 0
        return self.logprobs

    def may_call_in_parallel(self) -> bool:
        """As asked; without a word Qwen calls one tool at a time (Alibaba Cloud Model Studio,
        "Function calling", read 2026-11), others several."""
        if self.parallel_tool_calls is not None:
            return self.parallel_tool_calls
        return not self.model.startswith(("qwen", "qwq"))

    def last_user_text(self) -> str:
        """The text of the last user message, or "" when there is none."""
        users = (message for message in reversed(self.messages) if message.role == "user")
        last = next(users, None)
        return "" if last is None else last.text()


_DECODER = msgspec.json.Decoder(ChatRequest)


def parse(body: bytes) -> ChatRequest:
    """Decode a request body; Refusal (400, or 404 for a model that is missing) if it is wrong."""
    request = decode(_DECODER, body)
    check_model(request.model)
    check_messages(request.messages)
    return request


def wanted(request: ChatRequest) -> Wanted:
    """The request without its dialect. Refusal 400 for a tool choice that is none."""
    last, form = request.messages[-1], request.response_format
    is_json = form is not None and form.type != "text"
    schema = form.json_schema.schema if form is not None and form.json_schema else None
    return Wanted(
        model=request.model,
        prompt=request.last_user_text(),
        is_stream=bool(request.stream),
        seed=request.seed or 0,
        n=request.n or 1,
        tokens_max=request.max_completion_tokens or request.max_tokens,  # the newer field wins
        stops=request.stops(),
        functions=_functions(request.tools or []),
        tool_choice=_tool_choice(request.tool_choice),
        parallel_tools=request.may_call_in_parallel(),
        tool_result=last.text() if last.role == "tool" else None,
        is_json=is_json,
        schema=schema,
        reasoning_tokens=_REASONING_TOKENS.get(request.reasoning_effort or "none", 0),
    )


def _functions(offered: list[Tool]) -> tuple[Function, ...]:
    functions = (tool.function for tool in offered if tool.function is not None)
    return tuple(Function(f.name, f.description, f.parameters) for f in functions)


def _tool_choice(choice: str | dict[str, Any] | None) -> ToolChoice:
    if isinstance(choice, dict):
        named = choice.get("function")
        return tools.one(str(named.get("name")) if isinstance(named, dict) else "None")
    return {"none": tools.NONE, "required": tools.REQUIRED}.get(choice or "", tools.AUTO)


def count_prompt(request: ChatRequest) -> tuple[int, int]:
    """The tokens of everything the caller sent, tools included: those of text, those of audio."""
    total = sum(message.token_count() for message in request.messages)
    if request.tools:
        total += tokens.count(msgspec.json.encode(request.tools).decode())
    return total, sum(message.audio_parts() for message in request.messages) * tokens.PART_TOKENS
