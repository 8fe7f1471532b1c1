"""What a Messages request may say: its fields and their ranges. `blocks` checks the content.

Source: Anthropic API reference, "Create a Message" and "Count tokens", read 2026-11.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from devstack.demo_upstream import tokens, tools
from devstack.demo_upstream.compose import Wanted
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.tools import Function, ToolChoice

BUDGET_MIN = 1024  # Anthropic's own
CACHE_MARKS_MAX = 4
_ADAPTIVE_TOKENS = 24  # what the demo thinks when it may

Block = dict[str, Any]
Ratio = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Message(msgspec.Struct, forbid_unknown_fields=True):
    role: str
    content: str | list[Block]

    def blocks(self) -> list[Block]:
        """The content as blocks, also when it is one text."""
        if isinstance(self.content, str):
            return [{"type": "text", "text": self.content}]
        return self.content


class ToolParam(msgspec.Struct):
    """A tool of the caller's, or (with another `type`) one that Anthropic runs itself."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]
    type: str | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    cache_control: Block | None = None

    def is_custom(self) -> bool:
        """Whether the caller runs it."""
        return self.type in (None, "custom")


class ToolChoiceParam(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class Thinking(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: Annotated[int, msgspec.Meta(ge=BUDGET_MIN)] | None = None
    display: Literal["summarized", "omitted"] | None = None


class JsonOutput(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["json_schema"]
    schema: dict[str, Any]


class OutputConfig(msgspec.Struct, forbid_unknown_fields=True):
    format: JsonOutput | None = None
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None


class Metadata(msgspec.Struct, forbid_unknown_fields=True):
    user_id: str | None = None


class MessagesRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    model: Annotated[str, msgspec.Meta(min_length=1)]
    max_tokens: Annotated[int, msgspec.Meta(ge=1)]
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    system: str | list[Block] | None = None
    stream: bool = False
    stop_sequences: list[str] | None = None
    temperature: Ratio | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0)] | None = None
    top_p: Ratio | None = None
    tools: list[ToolParam] | None = None
    tool_choice: ToolChoiceParam | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: JsonOutput | None = None
    metadata: Metadata | None = None
    cache_control: Block | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    container: Any = None
    context_management: Any = None
    mcp_servers: Any = None
    inference_geo: str | None = None
    speed: Literal["standard", "fast"] | None = None

    def system_blocks(self) -> list[Block]:
        """The system prompt as blocks."""
        if isinstance(self.system, str):
            return [{"type": "text", "text": self.system}]
        return self.system or []

    def thinks(self) -> bool:
        """Whether the model may think."""
        return self.thinking is not None and self.thinking.type != "disabled"

    def schema(self) -> dict[str, Any] | None:
        """The JSON Schema of the answer that is wanted; None: plain text."""
        form = (self.output_config and self.output_config.format) or self.output_format
        return form.schema if form else None


class CountRequest(MessagesRequest, forbid_unknown_fields=True, kw_only=True):
    """The same, but that an answer's length means nothing."""

    max_tokens: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000


def text_of(blocks: list[Block]) -> str:
    """The text blocks, joined by a line break."""
    return "\n".join(str(block.get("text", "")) for block in blocks if block["type"] == "text")


def wanted(request: MessagesRequest) -> Wanted:
    """The request without its dialect; to be called once it has been checked."""
    blocks = request.messages[-1].blocks()
    results = [_result_text(block) for block in blocks if block["type"] == "tool_result"]
    choice = request.tool_choice
    schema = request.schema()
    return Wanted(
        model=request.model,
        prompt=last_user_text(request),
        is_stream=request.stream,
        tokens_max=request.max_tokens,
        stops=tuple(request.stop_sequences or ()),
        functions=_functions(request),
        tool_choice=_choice(choice),
        parallel_tools=choice is None or not choice.disable_parallel_tool_use,
        tool_result="\n".join(results) if results else None,
        is_json=schema is not None,
        schema=schema,
        reasoning_tokens=_ADAPTIVE_TOKENS if request.thinks() else 0,
    )


def last_user_text(request: MessagesRequest) -> str:
    """The text of the last user turn that has any, for what it orders."""
    for message in reversed(request.messages):
        text = text_of(message.blocks())
        if message.role == "user" and text:
            return text
    return ""


def _result_text(block: Block) -> str:
    content = block.get("content") or ""
    return content if isinstance(content, str) else text_of(content)


def _functions(request: MessagesRequest) -> tuple[Function, ...]:
    custom = (tool for tool in request.tools or () if tool.is_custom())
    return tuple(Function(tool.name, tool.description, tool.input_schema) for tool in custom)


def _choice(choice: ToolChoiceParam | None) -> ToolChoice:
    if choice is None or choice.type == "auto":
        return tools.AUTO
    if choice.type == "tool":
        if choice.name is None:
            raise Refusal(400, "Field required", param="tool_choice.tool.name")
        return tools.one(choice.name)
    return tools.REQUIRED if choice.type == "any" else tools.NONE


def sizes(request: MessagesRequest) -> Iterator[tuple[int, Block | None]]:
    """(tokens, cache mark) of everything sent, in the order in which a cache sees it."""
    for tool in request.tools or ():
        yield tokens.count(msgspec.json.encode(tool).decode()), tool.cache_control
    for block in request.system_blocks():
        yield tokens.MESSAGE_TOKENS + _size(block), block.get("cache_control")
    for message in request.messages:
        yield tokens.MESSAGE_TOKENS, None
        for block in message.blocks():
            yield _size(block), block.get("cache_control")
    yield 0, request.cache_control


def _size(block: Block) -> int:
    kind = block["type"]
    if kind == "text":
        return tokens.count(block["text"])
    if kind in ("image", "document"):
        return tokens.PART_TOKENS
    return tokens.count(msgspec.json.encode(block).decode())
