"""What a Responses request may say: its fields and their ranges. `items` checks the input.

Source: OpenAI API reference, "Create a model response", read 2026-11.
"""

from typing import Annotated, Any, Literal

import msgspec

from devstack.demo_upstream import tokens, tools
from devstack.demo_upstream.compose import Wanted
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.responses.items import Item, size, text_of
from devstack.demo_upstream.tools import Function, ToolChoice

OUTPUT_TOKENS_MIN = 16  # OpenAI's own
_REASONING_TOKENS = {"none": 0, "minimal": 4, "low": 8, "medium": 16, "high": 32, "xhigh": 64}

ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"


class Reasoning(msgspec.Struct):
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None


class Format(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    description: str | None = None


class TextConfig(msgspec.Struct):
    format: Format | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class StreamOptions(msgspec.Struct):
    include_obfuscation: bool = True


class ResponsesRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    model: str
    input: str | list[Item] = msgspec.field(default_factory=list)
    instructions: str | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    store: bool | None = True
    previous_response_id: str | None = None
    conversation: Any = None
    max_output_tokens: Annotated[int, msgspec.Meta(ge=OUTPUT_TOKENS_MIN)] | None = None
    max_tool_calls: int | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = True
    text: TextConfig | None = None
    reasoning: Reasoning | None = None
    include: list[str] | None = None
    metadata: dict[str, str] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    background: bool | None = None
    service_tier: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt: Any = None
    prompt_cache_key: str | None = None
    prompt_cache_options: Any = None
    prompt_cache_retention: str | None = None
    context_management: Any = None

    def items(self) -> list[Item]:
        """The input as items, also when it is one text."""
        if isinstance(self.input, str):
            return [{"type": "message", "role": "user", "content": self.input}]
        return self.input

    def shows_summary(self) -> bool:
        """Whether the caller wants to see what the model thinks."""
        reasoning = self.reasoning
        return reasoning is not None and bool(reasoning.summary or reasoning.generate_summary)


def wanted(request: ResponsesRequest, history: list[Item]) -> Wanted:
    """The request without its dialect, after the items of earlier responses."""
    items = [*history, *request.items()]
    form = request.text.format if request.text is not None else None
    effort = request.reasoning.effort if request.reasoning is not None else None
    return Wanted(
        model=request.model,
        prompt=last_user_text(items),
        is_stream=bool(request.stream),
        tokens_max=request.max_output_tokens,
        functions=_functions(request.tools or []),
        tool_choice=_choice(request.tool_choice),
        parallel_tools=request.parallel_tool_calls is not False,
        tool_result=_result(items),
        is_json=form is not None and form.type != "text",
        schema=form.schema if form is not None else None,
        reasoning_tokens=_REASONING_TOKENS.get(effort or "none", 0),
    )


def last_user_text(items: list[Item]) -> str:
    """The text of the last user message that has any."""
    users = (text_of(item["content"]) for item in reversed(items) if item.get("role") == "user")
    return next((text for text in users if text), "")


def _result(items: list[Item]) -> str | None:
    if not items or items[-1].get("type") != "function_call_output":
        return None
    return text_of(items[-1]["output"])


def _functions(offered: list[dict[str, Any]]) -> tuple[Function, ...]:
    functions: list[Function] = []
    for number, tool in enumerate(offered):
        at = f"tools[{number}]"
        if not isinstance(tool.get("type"), str):
            raise _missing(f"{at}.type")
        if tool["type"] != "function":
            continue
        if not isinstance(tool.get("name"), str):
            raise _missing(f"{at}.name")
        functions.append(Function(tool["name"], tool.get("description"), tool.get("parameters")))
    return tuple(functions)


def _missing(path: str) -> Refusal:
    message = f"Missing required parameter: '{path}'."
    return Refusal(400, message, code="missing_required_parameter", param=path)


def _choice(choice: str | dict[str, Any] | None) -> ToolChoice:
    if isinstance(choice, str):
        known = {"none": tools.NONE, "required": tools.REQUIRED, "auto": tools.AUTO}
        if choice not in known:
            raise Refusal(400, f"Invalid value: '{choice}'.", param="tool_choice")
        return known[choice]
    if choice is None:
        return tools.AUTO
    if choice.get("type") == "function":
        if not isinstance(choice.get("name"), str):
            raise _missing("tool_choice.name")
        return tools.one(choice["name"])
    if choice.get("type") == "allowed_tools":
        names = tuple(str(tool.get("name")) for tool in choice.get("tools") or ())
        return ToolChoice(is_required=choice.get("mode") == "required", names=names)
    return tools.AUTO


def count_prompt(request: ResponsesRequest, history: list[Item]) -> int:
    """The tokens of everything the model reads: earlier items count again, as vendors have it."""
    total = sum(size(item) for item in [*history, *request.items()])
    if request.instructions:
        total += tokens.MESSAGE_TOKENS + tokens.count(request.instructions)
    if request.tools:
        total += tokens.count(msgspec.json.encode(request.tools).decode())
    return total
