"""The fields of a Gemini request that translation understands. Shapes only; no rule, no default.

Source: Gemini API reference, "generateContent", "Content", "GenerationConfig" and "Function
calling", read 2026-11. A field of no struct here is refused, and so are tools that run at Google.
"""

from typing import Annotated, Any, Literal

import msgspec

Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]


class _Shape(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    pass


class Blob(_Shape):
    mime_type: str
    data: str
    display_name: str | None = None


class FileData(_Shape):
    file_uri: str
    mime_type: str | None = None
    display_name: str | None = None


class FunctionCall(_Shape):
    name: str
    args: dict[str, Any] | None = None
    id: str | None = None


class ResponsePart(_Shape):
    inline_data: Blob


class FunctionResponse(_Shape):
    name: str
    response: dict[str, Any] | None = None
    id: str | None = None
    parts: list[ResponsePart] | None = None
    will_continue: Literal[False] | None = None
    scheduling: None = None


class Part(_Shape):
    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    executable_code: None = None
    code_execution_result: None = None
    video_metadata: None = None
    media_resolution: None = None


class Content(_Shape):
    parts: list[Part] | None = None
    role: Literal["user", "model", "function"] | None = None


class SystemPart(_Shape):
    text: str


class SystemContent(_Shape):
    parts: list[SystemPart]
    role: str | None = None  # Google does not look at it


class FunctionDeclaration(_Shape):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    parameters_json_schema: Any = None
    behavior: Literal["UNSPECIFIED", "BLOCKING"] | None = None
    response: None = None
    response_json_schema: None = None


class Tool(_Shape):
    function_declarations: list[FunctionDeclaration] | None = None


class FunctionCallingConfig(_Shape):
    mode: Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] | None = None
    allowed_function_names: list[str] | None = None


class ToolConfig(_Shape):
    function_calling_config: FunctionCallingConfig | None = None


class SafetySetting(_Shape):
    category: str
    threshold: str


class ThinkingConfig(_Shape):
    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class GenerationConfig(_Shape):
    stop_sequences: list[str] | None = None
    response_mime_type: str | None = None
    response_schema: dict[str, Any] | None = None
    response_json_schema: Any = None
    response_modalities: list[str] | None = None
    candidate_count: Annotated[int, msgspec.Meta(ge=1, le=8)] | None = None
    max_output_tokens: int | float | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    top_k: int | float | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    response_logprobs: bool | None = None
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    thinking_config: ThinkingConfig | None = None
    media_resolution: str | None = None
    enable_enhanced_civic_answers: Literal[False] | None = None
    speech_config: None = None
    image_config: None = None


class Request(_Shape):
    """A body of generateContent or streamGenerateContent; `model` is what the path says too."""

    contents: list[Content]
    model: str | None = None
    system_instruction: SystemContent | None = None
    tools: list[Tool] | None = None
    tool_config: ToolConfig | None = None
    safety_settings: list[SafetySetting] | None = None
    generation_config: GenerationConfig | None = None
    service_tier: str | None = None
    store: bool | None = None
    cached_content: None = None  # a cache in the vendor's store, which no other vendor can read
    labels: None = None


class CountRequest(_Shape):
    """A body of countTokens: turns alone, or a whole request."""

    contents: list[Content] | None = None
    generate_content_request: Request | None = None
