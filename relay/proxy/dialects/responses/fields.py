"""The fields of a responses request that translation understands. Shapes only; no rule.

Source: OpenAI API reference, "Create a model response", read 2026-11. What needs the vendor's own
store (earlier responses, conversations, files, prompts) or its own tools is declared as `None`.
"""

from typing import Annotated, Any, Literal

import msgspec

from relay.proxy.dialects.decoding import NULL

TOP_LOGPROBS_MAX = 20


class InputText(msgspec.Struct, tag="input_text", forbid_unknown_fields=True):
    text: str


class OutputText(msgspec.Struct, tag="output_text", forbid_unknown_fields=True):
    """The model's words, sent back; its remarks on them are no input."""

    text: str
    annotations: msgspec.Raw = NULL
    logprobs: msgspec.Raw = NULL


class RefusalPart(msgspec.Struct, tag="refusal", forbid_unknown_fields=True):
    refusal: str


class InputImage(msgspec.Struct, tag="input_image", forbid_unknown_fields=True):
    image_url: str | None = None
    detail: Literal["auto", "low", "high"] | None = None
    file_id: None = None


class InputFile(msgspec.Struct, tag="input_file", forbid_unknown_fields=True):
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    file_id: None = None


Content = InputText | OutputText | RefusalPart | InputImage | InputFile


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """An item of input that may leave out its type."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Content]
    type: Literal["message"] = "message"
    id: str | None = None
    status: str | None = None
    phase: str | None = None


class FunctionCall(msgspec.Struct, forbid_unknown_fields=True):
    call_id: str
    name: str
    arguments: str
    type: str = "function_call"
    id: str | None = None
    status: str | None = None
    namespace: None = None
    caller: None = None


class FunctionOutput(msgspec.Struct, forbid_unknown_fields=True):
    call_id: str
    output: str | list[InputText | InputImage | InputFile]
    type: str = "function_call_output"
    id: str | None = None
    status: str | None = None


class Thought(msgspec.Struct):
    """A piece of a reasoning item: summary_text or reasoning_text."""

    text: str
    type: str = "summary_text"


class ReasoningItem(msgspec.Struct, forbid_unknown_fields=True):
    summary: list[Thought]
    id: str | None = None
    content: list[Thought] | None = None
    encrypted_content: str | None = None
    type: str = "reasoning"
    status: str | None = None


class FunctionTool(msgspec.Struct, tag="function", forbid_unknown_fields=True):
    name: str
    description: str | None = None
    parameters: msgspec.Raw = NULL
    strict: bool | None = None


class NamedTool(msgspec.Struct, tag="function", forbid_unknown_fields=True):
    name: str


class AllowedTools(msgspec.Struct, tag="allowed_tools", forbid_unknown_fields=True):
    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class TextFormat(msgspec.Struct, tag="text", forbid_unknown_fields=True):
    pass


class JsonFormat(msgspec.Struct, tag="json_object", forbid_unknown_fields=True):
    pass


class SchemaFormat(msgspec.Struct, tag="json_schema", forbid_unknown_fields=True):
    name: str
    schema: msgspec.Raw = NULL
    description: str | None = None
    strict: bool | None = None


class TextOptions(msgspec.Struct, forbid_unknown_fields=True):
    format: TextFormat | JsonFormat | SchemaFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ReasoningOptions(msgspec.Struct, forbid_unknown_fields=True):
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None  # its older name


class StreamOptions(msgspec.Struct, forbid_unknown_fields=True):
    include_obfuscation: bool | None = None  # padding against eavesdroppers; not of the answer


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A whole request body."""

    model: str
    input: str | list[msgspec.Raw]
    instructions: str | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | AllowedTools | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    include: list[Literal["reasoning.encrypted_content", "message.output_text.logprobs"]] | None = (
        None
    )
    max_output_tokens: int | float | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=TOP_LOGPROBS_MAX)] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, str] | None = None
    client_metadata: msgspec.Raw = NULL  # what Codex tells of itself; no model sees it
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None  # a hint, as cache marks are
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    truncation: Literal["disabled"] | None = None
    background: bool | None = None
    previous_response_id: None = None
    conversation: None = None
    prompt: None = None
    max_tool_calls: None = None


class Peek(msgspec.Struct):
    """As much of an item as tells what it is."""

    type: str | None = None


decoder = msgspec.json.Decoder(Request)
peek = msgspec.json.Decoder(Peek)
ITEMS: dict[str, msgspec.json.Decoder[Any]] = {
    "message": msgspec.json.Decoder(Message),
    "function_call": msgspec.json.Decoder(FunctionCall),
    "function_call_output": msgspec.json.Decoder(FunctionOutput),
    "reasoning": msgspec.json.Decoder(ReasoningItem),
}
