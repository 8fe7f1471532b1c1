"""The fields of a messages request that translation understands. Shapes only; no rule, no default.

Source: Anthropic API reference, "Create a Message" and "Count tokens in a Message", read 2026-11.
A field of no struct here is refused, and so are tools and blocks that run at the vendor.
"""

from typing import Annotated, Literal

import msgspec

from relay.proxy.dialects.decoding import NULL

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class CacheControl(msgspec.Struct):
    """A hint: what it may say besides changes no answer either."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class Base64Source(msgspec.Struct, tag="base64", forbid_unknown_fields=True):
    data: str
    media_type: str


class UrlSource(msgspec.Struct, tag="url", forbid_unknown_fields=True):
    url: str


class TextSource(msgspec.Struct, tag="text", forbid_unknown_fields=True):
    data: str
    media_type: Literal["text/plain"] = "text/plain"


class Citations(msgspec.Struct, forbid_unknown_fields=True):
    enabled: Literal[False] = False  # no other vendor cites documents in this way


class TextBlock(msgspec.Struct, tag="text", forbid_unknown_fields=True):
    text: str
    cache_control: CacheControl | None = None
    # The vendor's remarks on its earlier answer, which clients send back; nothing reads them.
    citations: msgspec.Raw = NULL


class ImageBlock(msgspec.Struct, tag="image", forbid_unknown_fields=True):
    source: Base64Source | UrlSource
    cache_control: CacheControl | None = None


class DocumentBlock(msgspec.Struct, tag="document", forbid_unknown_fields=True):
    source: Base64Source | UrlSource | TextSource
    title: str | None = None
    context: None = None
    citations: Citations | None = None
    cache_control: CacheControl | None = None


class ThinkingBlock(msgspec.Struct, tag="thinking", forbid_unknown_fields=True):
    thinking: str
    signature: str = ""


class RedactedBlock(msgspec.Struct, tag="redacted_thinking", forbid_unknown_fields=True):
    data: str


class ToolUseBlock(msgspec.Struct, tag="tool_use", forbid_unknown_fields=True):
    id: str
    name: str
    input: msgspec.Raw
    cache_control: CacheControl | None = None
    caller: msgspec.Raw = NULL  # clients send back what answers hold: {"type":"direct"}


class ToolResultBlock(msgspec.Struct, tag="tool_result", forbid_unknown_fields=True):
    tool_use_id: str
    content: str | list[TextBlock | ImageBlock | DocumentBlock] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None


UserBlock = TextBlock | ImageBlock | DocumentBlock | ToolResultBlock
AssistantBlock = TextBlock | ThinkingBlock | RedactedBlock | ToolUseBlock


class User(msgspec.Struct, tag_field="role", tag="user", forbid_unknown_fields=True):
    content: str | list[UserBlock]


class Assistant(msgspec.Struct, tag_field="role", tag="assistant", forbid_unknown_fields=True):
    content: str | list[AssistantBlock]


class System(msgspec.Struct, tag_field="role", tag="system", forbid_unknown_fields=True):
    """Instructions in mid-conversation (beta `mid-conversation-system-2026-04-07`)."""

    content: str | list[TextBlock]


class Tool(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    input_schema: msgspec.Raw
    type: Literal["custom"] | None = None
    description: str | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    eager_input_streaming: bool | None = None  # how soon arguments come, not which


class AutoChoice(msgspec.Struct, tag="auto", forbid_unknown_fields=True):
    disable_parallel_tool_use: bool | None = None


class AnyChoice(msgspec.Struct, tag="any", forbid_unknown_fields=True):
    disable_parallel_tool_use: bool | None = None


class ToolChoice(msgspec.Struct, tag="tool", forbid_unknown_fields=True):
    name: str
    disable_parallel_tool_use: bool | None = None


class NoneChoice(msgspec.Struct, tag="none", forbid_unknown_fields=True):
    pass


class Enabled(msgspec.Struct, tag="enabled", forbid_unknown_fields=True):
    budget_tokens: int
    display: Literal["summarized", "omitted"] | None = None


class Adaptive(msgspec.Struct, tag="adaptive", forbid_unknown_fields=True):
    display: Literal["summarized", "omitted"] | None = None


class Disabled(msgspec.Struct, tag="disabled", forbid_unknown_fields=True):
    pass


class JsonSchema(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["json_schema"]
    schema: msgspec.Raw


class OutputConfig(msgspec.Struct, forbid_unknown_fields=True):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: JsonSchema | None = None


class ClearThinking(msgspec.Struct, tag="clear_thinking_20251015"):
    """Which of its earlier thoughts a model of Anthropic's should see: none of another's can."""


class ContextManagement(msgspec.Struct, forbid_unknown_fields=True):
    edits: list[ClearThinking] | None = None


class Metadata(msgspec.Struct, forbid_unknown_fields=True):
    user_id: str | None = None


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A whole request body; `max_tokens` is missing where tokens are only counted."""

    model: str
    messages: list[User | Assistant | System]
    max_tokens: int | float | None = None
    system: str | list[TextBlock] | None = None
    tools: list[Tool] | None = None
    tool_choice: AutoChoice | AnyChoice | ToolChoice | NoneChoice | None = None
    thinking: Enabled | Adaptive | Disabled | None = None
    output_config: OutputConfig | None = None
    output_format: JsonSchema | None = None  # the name of output_config.format while in beta
    temperature: Share | None = None
    top_p: Share | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0)] | None = None
    stop_sequences: list[str] | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    stream: bool | None = None
    cache_control: CacheControl | None = None  # a mark on the last block that can bear one
    container: None = None
    context_management: ContextManagement | None = None
    inference_geo: None = None
    mcp_servers: None = None


decoder = msgspec.json.Decoder(Request)
