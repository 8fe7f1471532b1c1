"""What a chat completion request may say, decoded and checked. Never answers it."""

from typing import Annotated, Any

import msgspec

from devstack.demo_upstream import tokens
from devstack.demo_upstream.errors import Refusal

CHOICES_MAX = 16  # `n`: enough for any test, small enough to compose at once

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Message(msgspec.Struct):
    role: str
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[dict[str, Any]] | None = None

    def text(self) -> str:
        """The message's text; text parts are joined by a line break."""
        if isinstance(self.content, str):
            return self.content
        parts = self.content or ()
        return "\n".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")


class Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(msgspec.Struct):
    type: str
    function: Function | None = None


class StreamOptions(msgspec.Struct):
    include_usage: bool = False


class JsonSchema(msgspec.Struct):
    schema: dict[str, Any] | None = None


class ResponseFormat(msgspec.Struct):
    type: str
    json_schema: JsonSchema | None = None


class ChatRequest(msgspec.Struct):
    """The fields that change the answer. Others are accepted and ignored, as vendors do."""

    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Positive | None = None
    max_completion_tokens: Positive | None = None
    stop: str | list[Any] | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=CHOICES_MAX)] | None = 1
    seed: int | None = None
    tools: list[Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = True
    response_format: ResponseFormat | None = None
    logprobs: bool | int | None = None
    top_logprobs: int | None = None

    def output_tokens_max(self) -> int | None:
        """The caller's bound on each choice's tokens; the newer field wins."""
        return self.max_completion_tokens or self.max_tokens

    def wants_usage(self) -> bool:
        """Whether a stream ends with the usage chunk."""
        return self.stream_options is not None and self.stream_options.include_usage

    def stops(self) -> list[str]:
        """The stop strings. Numeric ids belong to a vocabulary, and the demo has none."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return [stop for stop in stops if isinstance(stop, str) and stop]

    def top_count(self) -> int | None:
        """How many alternatives each token's log probability carries; None: none are wanted."""
        if self.logprobs is None or self.logprobs is False:
            return None
        if self.logprobs is True:
            return self.top_logprobs or 0
        return self.logprobs

    def last_user_text(self) -> str:
        """The text of the last user message, or "" when there is none."""
        users = (message for message in reversed(self.messages) if message.role == "user")
        last = next(users, None)
        return "" if last is None else last.text()

    def functions(self) -> list[Function]:
        """The function tools on offer."""
        return [tool.function for tool in self.tools or () if tool.function is not None]


_DECODER = msgspec.json.Decoder(ChatRequest)


def parse(body: bytes) -> ChatRequest:
    """Decode a request body; Refusal (400, or 404 for a model that is missing) if it is wrong."""
    try:
        request = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise Refusal(400, f"The request is not valid: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, "The request body is not JSON.") from error
    check_model(request.model)
    return request


def check_model(model: str) -> None:
    """Every name is answered but those that start with "missing-" (Refusal 404)."""
    if model.startswith("missing-"):
        message = f"The model `{model}` does not exist."
        raise Refusal(404, message, code="model_not_found", param="model")


def count_prompt(request: ChatRequest) -> int:
    """The tokens of everything the caller sent, tools included."""
    total = sum(_count_message(message) for message in request.messages)
    if request.tools:
        total += tokens.count(msgspec.json.encode(request.tools).decode())
    return total


def _count_message(message: Message) -> int:
    total = tokens.MESSAGE_TOKENS + tokens.count(message.text())
    if isinstance(message.content, list):
        others = sum(part.get("type") != "text" for part in message.content)
        total += others * tokens.PART_TOKENS
    if message.tool_calls:
        total += tokens.count(msgspec.json.encode(message.tool_calls).decode())
    return total
