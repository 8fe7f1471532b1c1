"""What a generateContent request may say: its fields and their ranges. `turns` checks the content.

Source: Gemini API reference, "models.generateContent" and "Caching / Content", read 2026-11.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from devstack.demo_upstream import tokens, tools
from devstack.demo_upstream.compose import Wanted
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.tools import Function, ToolChoice

CANDIDATES_MAX = 8  # Google's own
_THINKING_TOKENS = {"minimal": 4, "low": 8, "medium": 16, "high": 32}
_BUDGET_TOKENS_MAX = 24  # what the demo thinks when a budget lets it
_JSON = "application/json"

Part = dict[str, Any]


class Camel(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Google's JSON: lowerCamelCase, and an unknown name is an error."""


class Content(Camel):
    parts: list[Part] = msgspec.field(default_factory=list)
    role: str | None = None


class FunctionDeclaration(Camel):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    parameters_json_schema: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    behavior: str | None = None


class Tool(Camel):
    function_declarations: list[FunctionDeclaration] = msgspec.field(default_factory=list)
    google_search: Any = None
    google_search_retrieval: Any = None
    code_execution: Any = None
    url_context: Any = None
    google_maps: Any = None
    computer_use: Any = None
    file_search: Any = None


class FunctionCallingConfig(Camel):
    mode: Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] = "AUTO"
    allowed_function_names: list[str] | None = None


class ToolConfig(Camel):
    function_calling_config: FunctionCallingConfig | None = None
    retrieval_config: Any = None


class ThinkingConfig(Camel):
    include_thoughts: bool = False
    thinking_budget: Annotated[int, msgspec.Meta(ge=-1, le=32_768)] | None = None
    thinking_level: str | None = None


class GenerationConfig(Camel):
    stop_sequences: Annotated[list[str], msgspec.Meta(max_length=5)] | None = None
    response_mime_type: Literal["text/plain", "application/json", "text/x.enum"] | None = None
    response_schema: dict[str, Any] | None = None
    response_json_schema: Any = None
    response_modalities: list[str] | None = None
    candidate_count: Annotated[int, msgspec.Meta(ge=1, le=CANDIDATES_MAX)] | None = None
    max_output_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    top_k: float | None = None
    seed: int | None = None
    presence_penalty: Annotated[float, msgspec.Meta(ge=-2, lt=2)] | None = None
    frequency_penalty: Annotated[float, msgspec.Meta(ge=-2, lt=2)] | None = None
    response_logprobs: bool = False
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    speech_config: Any = None
    image_config: Any = None
    media_resolution: str | None = None
    thinking_config: ThinkingConfig | None = None
    enable_enhanced_civic_answers: bool | None = None

    def schema(self) -> dict[str, Any] | None:
        """The schema of the answer that is wanted, of either kind."""
        wanted = self.response_schema or self.response_json_schema
        return wanted if isinstance(wanted, dict) else None


class GenerateRequest(Camel):
    contents: list[Content] = msgspec.field(default_factory=list)
    model: str | None = None  # stands in the path; some clients repeat it
    system_instruction: Content | None = None
    tools: list[Tool] | None = None
    tool_config: ToolConfig | None = None
    safety_settings: list[dict[str, Any]] | None = None
    generation_config: GenerationConfig = msgspec.field(default_factory=GenerationConfig)
    cached_content: str | None = None
    service_tier: str | None = None
    store: bool | None = None

    def declarations(self) -> list[FunctionDeclaration]:
        """Every function on offer."""
        return [each for tool in self.tools or () for each in tool.function_declarations]


def wanted(request: GenerateRequest, model: str, *, is_stream: bool) -> Wanted:
    """The request without its dialect; to be called once it has been checked."""
    config = request.generation_config
    return Wanted(
        model=model,
        prompt=last_user_text(request.contents),
        is_stream=is_stream,
        seed=config.seed or 0,
        n=config.candidate_count or 1,
        tokens_max=config.max_output_tokens,
        stops=tuple(stop for stop in config.stop_sequences or () if stop),
        functions=tuple(
            Function(f.name, f.description, f.parameters or f.parameters_json_schema)
            for f in request.declarations()
        ),
        tool_choice=_choice(request.tool_config),
        tool_result=_results(request.contents[-1]),
        is_json=config.response_mime_type == _JSON,
        schema=config.schema(),
        reasoning_tokens=_reasoning_tokens(config.thinking_config),
    )


def text_of(content: Content) -> str:
    """The content's texts without thoughts, joined by a line break."""
    texts = (part["text"] for part in content.parts if "text" in part and not part.get("thought"))
    return "\n".join(texts)


def last_user_text(contents: list[Content]) -> str:
    """The text of the last user turn that has any."""
    users = (text_of(turn) for turn in reversed(contents) if turn.role != "model")
    return next((text for text in users if text), "")


def _results(last: Content) -> str | None:
    responses = [part["functionResponse"] for part in last.parts if "functionResponse" in part]
    if not responses:
        return None
    return "\n".join(msgspec.json.encode(each.get("response")).decode() for each in responses)


def _choice(config: ToolConfig | None) -> ToolChoice:
    calling = config.function_calling_config if config is not None else None
    if calling is None:
        return tools.AUTO
    names = tuple(calling.allowed_function_names or ())
    if names and calling.mode not in ("ANY", "VALIDATED"):
        message = "allowed_function_names should only be set when mode is ANY or VALIDATED."
        raise Refusal(400, message, param="tool_config.function_calling_config")
    return ToolChoice(
        is_allowed=calling.mode != "NONE", is_required=calling.mode == "ANY", names=names
    )


def _reasoning_tokens(config: ThinkingConfig | None) -> int:
    if config is None:
        return 0
    if config.thinking_budget is not None and config.thinking_level is not None:
        message = "You can only set only one of thinking budget and thinking level."
        raise Refusal(400, message, param="generation_config.thinking_config")
    if config.thinking_budget is not None:
        budget = config.thinking_budget
        return _BUDGET_TOKENS_MAX if budget < 0 else min(budget, _BUDGET_TOKENS_MAX)
    level = (config.thinking_level or "").lower()
    return _THINKING_TOKENS.get(level, 0)


def sizes(request: GenerateRequest) -> Iterator[tuple[str, int]]:
    """(modality, tokens) of everything sent."""
    for tool in request.tools or ():
        yield "TEXT", tokens.count(msgspec.json.encode(tool).decode())
    system = [request.system_instruction] if request.system_instruction is not None else []
    for content in [*system, *request.contents]:
        yield "TEXT", tokens.MESSAGE_TOKENS
        yield from (_size(part) for part in content.parts)


def _size(part: Part) -> tuple[str, int]:
    if "text" in part:
        return "TEXT", tokens.count(part["text"])
    media = part.get("inlineData") or part.get("fileData")
    if media is not None:
        kind = str(media.get("mimeType", "")).partition("/")[0].upper()
        return kind if kind in ("IMAGE", "AUDIO", "VIDEO") else "DOCUMENT", tokens.PART_TOKENS
    return "TEXT", tokens.count(msgspec.json.encode(part).decode())
