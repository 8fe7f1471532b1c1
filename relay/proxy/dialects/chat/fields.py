"""The fields of a chat request that translation understands. Shapes only; no rule, no default.

Source: OpenAI API reference, "Create chat completion", read 2026-11. Beside it, where noted,
extensions that other vendors of this format document; a field of no struct here is refused.
"""

from typing import Annotated, Literal

import msgspec

from relay.proxy.dialects.decoding import NULL

Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]
Bias = (
    Annotated[int, msgspec.Meta(ge=-100, le=100)] | Annotated[float, msgspec.Meta(ge=-100, le=100)]
)
TOP_LOGPROBS_MAX = 20


class CacheControl(msgspec.Struct, forbid_unknown_fields=True):
    """Anthropic's mark, as OpenRouter takes it in chat ("Prompt caching", read 2026-11)."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class TextPart(msgspec.Struct, tag="text", forbid_unknown_fields=True):
    text: str
    cache_control: CacheControl | None = None


class RefusalPart(msgspec.Struct, tag="refusal", forbid_unknown_fields=True):
    refusal: str


class ImageUrl(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    detail: Literal["auto", "low", "high"] | None = None


class ImagePart(msgspec.Struct, tag="image_url", forbid_unknown_fields=True):
    image_url: ImageUrl
    cache_control: CacheControl | None = None


class InputAudio(msgspec.Struct, forbid_unknown_fields=True):
    data: str
    format: str


class AudioPart(msgspec.Struct, tag="input_audio", forbid_unknown_fields=True):
    input_audio: InputAudio
    cache_control: CacheControl | None = None


class File(msgspec.Struct, forbid_unknown_fields=True):
    file_data: str | None = None
    filename: str | None = None
    file_id: None = None  # a file of the vendor's store, which no other vendor can read


class FilePart(msgspec.Struct, tag="file", forbid_unknown_fields=True):
    file: File
    cache_control: CacheControl | None = None


class System(msgspec.Struct, tag_field="role", tag="system", forbid_unknown_fields=True):
    content: str | list[TextPart]
    name: str | None = None


class Developer(msgspec.Struct, tag_field="role", tag="developer", forbid_unknown_fields=True):
    content: str | list[TextPart]
    name: str | None = None


class User(msgspec.Struct, tag_field="role", tag="user", forbid_unknown_fields=True):
    content: str | list[TextPart | ImagePart | AudioPart | FilePart]
    name: str | None = None


class Google(msgspec.Struct):
    thought_signature: str = ""


class ExtraContent(msgspec.Struct):
    """Google, "Thought signatures", part on OpenAI compatibility, read 2026-11."""

    google: Google | None = None


class Called(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    arguments: str = "{}"


class ToolCall(msgspec.Struct, tag="function", forbid_unknown_fields=True):
    id: str
    function: Called
    index: int | None = None  # clients that send a stream's pieces back leave it in
    extra_content: ExtraContent | None = None


class ReasoningDetail(msgspec.Struct):
    """OpenRouter, "Reasoning tokens", reasoning_details, read 2026-11."""

    type: str
    text: str | None = None
    summary: str | None = None
    data: str | None = None
    signature: str | None = None
    id: str | None = None
    format: str | None = None
    index: int | None = None


class Assistant(msgspec.Struct, tag_field="role", tag="assistant", forbid_unknown_fields=True):
    content: str | list[TextPart | RefusalPart] | None = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    audio: None = None
    function_call: None = None
    # The model's remarks on its earlier answer; no vendor takes them as input, OpenAI neither.
    annotations: msgspec.Raw = NULL
    reasoning_content: str | None = None  # DeepSeek, "Thinking mode", read 2026-11
    reasoning: str | None = None  # OpenRouter's name for it
    reasoning_details: list[ReasoningDetail] | None = None
    images: list[ImagePart] | None = None  # OpenRouter, "Image generation", read 2026-11


class ToolMessage(msgspec.Struct, tag_field="role", tag="tool", forbid_unknown_fields=True):
    content: str | list[TextPart]
    tool_call_id: str
    name: str | None = None  # some clients repeat the tool's


class Function(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    description: str | None = None
    parameters: msgspec.Raw = NULL
    strict: bool | None = None


class FunctionTool(msgspec.Struct, tag="function", forbid_unknown_fields=True):
    function: Function
    cache_control: CacheControl | None = None


class Named(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class NamedTool(msgspec.Struct, tag="function", forbid_unknown_fields=True):
    function: Named


class Allowed(msgspec.Struct, forbid_unknown_fields=True):
    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class AllowedTools(msgspec.Struct, tag="allowed_tools", forbid_unknown_fields=True):
    allowed_tools: Allowed


class TextFormat(msgspec.Struct, tag="text", forbid_unknown_fields=True):
    pass


class JsonFormat(msgspec.Struct, tag="json_object", forbid_unknown_fields=True):
    pass


class Schema(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    description: str | None = None
    schema: msgspec.Raw = NULL
    strict: bool | None = None


class SchemaFormat(msgspec.Struct, tag="json_schema", forbid_unknown_fields=True):
    json_schema: Schema


class StreamOptions(msgspec.Struct, forbid_unknown_fields=True):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None  # padding against eavesdroppers; not of the answer


class ReasoningOptions(msgspec.Struct, forbid_unknown_fields=True):
    """OpenRouter's `reasoning`."""

    effort: str | None = None
    max_tokens: int | None = None
    exclude: bool | None = None
    enabled: bool | None = None


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A whole request body."""

    model: str
    messages: list[System | Developer | User | Assistant | ToolMessage]
    tools: list[FunctionTool] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | AllowedTools | None = None
    parallel_tool_calls: bool | None = None
    response_format: TextFormat | JsonFormat | SchemaFormat | None = None
    modalities: list[Literal["text", "image", "audio"]] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    reasoning_effort: str | None = None
    reasoning: ReasoningOptions | None = None
    max_tokens: int | float | None = None
    max_completion_tokens: int | float | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0)] | None = None  # vLLM, OpenRouter
    stop: str | list[str] | None = None
    n: int | float | None = None
    seed: int | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    # A number is the older form: so many alternatives per token.
    logprobs: bool | Annotated[int, msgspec.Meta(ge=0, le=TOP_LOGPROBS_MAX)] | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=TOP_LOGPROBS_MAX)] | None = None
    logit_bias: dict[str, Bias] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None  # a hint, as cache marks are
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    audio: None = None
    function_call: None = None
    functions: None = None
    prediction: None = None
    web_search_options: None = None


decoder = msgspec.json.Decoder(Request)
