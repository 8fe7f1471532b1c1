"""A generateContent request, read into the common form (`parse`) and written from it (`render`)."""

from collections.abc import Sequence

from relay.proxy.causes import Cause
from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation, not_carried
from relay.proxy.dialects.decoding import output_cap, whole_number, wrong
from relay.proxy.dialects.gemini import fields, schemas
from relay.proxy.dialects.gemini.request_out import render
from relay.proxy.dialects.gemini.spelling import Spelling, read
from relay.proxy.dialects.gemini.turns_in import turns_of
from relay.proxy.errors import ApiError

__all__ = ["parse", "parse_count", "render"]

_NAMES = {
    "system": "systemInstruction",
    "messages": "contents",
    "tool_choice": "toolConfig.functionCallingConfig",
    "output": "generationConfig.responseMimeType",
    "modalities": "generationConfig.responseModalities",
    "reasoning": "generationConfig.thinkingConfig",
    "output_tokens_max": "generationConfig.maxOutputTokens",
    "temperature": "generationConfig.temperature",
    "top_p": "generationConfig.topP",
    "top_k": "generationConfig.topK",
    "stop": "generationConfig.stopSequences",
    "n": "generationConfig.candidateCount",
    "seed": "generationConfig.seed",
    "frequency_penalty": "generationConfig.frequencyPenalty",
    "presence_penalty": "generationConfig.presencePenalty",
    "logprobs": "generationConfig.responseLogprobs",
    "top_logprobs": "generationConfig.logprobs",
    "service_tier": "serviceTier",
}
# Google's word -> the common form's, which is OpenAI's.
_TIERS = {"standard": "default", "service_tier_standard": "default"} | dict.fromkeys(
    ("unspecified", "service_tier_unspecified"), "auto"
)
_DETAILS = {"MEDIA_RESOLUTION_LOW": "low", "MEDIA_RESOLUTION_HIGH": "high"}
# No filter beside the vendor's own is what every other upstream has.
_NO_FILTER = frozenset(("BLOCK_NONE", "OFF", "HARM_BLOCK_THRESHOLD_UNSPECIFIED"))


def parse(body: bytes, *, model: str, is_stream: bool) -> Conversation:
    """Read a request body; model and stream are said by the path. Raises ApiError naming the
    parameter that is wrong or not known."""
    given, spelling = read(fields.Request, body)
    return _respelt(given, spelling, model=model, is_stream=is_stream)


def parse_count(body: bytes, *, model: str) -> Conversation:
    """Read a body of countTokens. Raises ApiError."""
    given, spelling = read(fields.CountRequest, body)
    request = given.generate_content_request
    if (request is None) == (given.contents is None):
        raise ApiError(Cause.MISSING_PARAMETER, param="contents", detail="contents")
    request = request or fields.Request(contents=given.contents or [])
    return _respelt(request, spelling, model=model, is_stream=False)


def _respelt(
    given: fields.Request, spelling: Spelling, *, model: str, is_stream: bool
) -> Conversation:
    """The conversation; whatever is refused of it is named as the caller spelt it."""
    try:
        return _conversation(given, spelling, model=model, is_stream=is_stream)
    except ApiError as error:
        param = spelling.path(error.param or "")
        if param != (error.param or "") and isinstance(error.detail, str):
            detail = error.detail.replace(error.param or "", param)
            raise ApiError(error.cause, param=param, detail=detail) from None
        raise


def _conversation(
    given: fields.Request, spelling: Spelling, *, model: str, is_stream: bool
) -> Conversation:
    if not given.contents:
        raise wrong("contents", "must not be empty")
    _check(given)
    config = given.generation_config or fields.GenerationConfig()
    choice, is_strict = _tool_choice(given)
    return Conversation(
        model=model,
        messages=turns_of(given.contents, detail=_detail(config), path=spelling.path),
        system=_system(given, spelling),
        tools=_tools(given, spelling, strict=is_strict),
        tool_choice=choice,
        output=_output(config),
        modalities=_modalities(config),
        reasoning=_reasoning(config),
        output_tokens_max=output_cap("generationConfig.maxOutputTokens", config.max_output_tokens),
        temperature=config.temperature,
        top_p=config.top_p,
        top_k=whole_number("generationConfig.topK", config.top_k, highest=1_000_000),
        stop=tuple(config.stop_sequences or ()),
        n=config.candidate_count,
        seed=config.seed,
        frequency_penalty=config.frequency_penalty,
        presence_penalty=config.presence_penalty,
        logprobs=config.response_logprobs,
        top_logprobs=config.logprobs,
        service_tier=_tier(given),
        store=given.store,
        is_stream=is_stream,
        wants_usage=True,  # every stream of this dialect tells it
        names={name: spelling.path(path) for name, path in _NAMES.items()},
    )


def _check(given: fields.Request) -> None:
    for number, setting in enumerate(given.safety_settings or []):
        if setting.threshold not in _NO_FILTER:
            raise not_carried(f"safetySettings[{number}].threshold")


def _system(given: fields.Request, spelling: Spelling) -> tuple[cv.Text, ...]:
    parts = given.system_instruction.parts if given.system_instruction is not None else []
    return tuple(
        cv.Text(part.text, at=spelling.path(f"systemInstruction.parts[{number}]"))
        for number, part in enumerate(parts)
    )


def _tools(
    given: fields.Request, spelling: Spelling, *, strict: bool | None
) -> tuple[cv.Tool, ...]:
    at = spelling.path("functionDeclarations")
    return tuple(
        _tool(declared, f"tools[{outer}].{at}[{inner}]", strict=strict)
        for outer, tool in enumerate(given.tools or [])
        for inner, declared in enumerate(tool.function_declarations or [])
    )


def _tool(declared: fields.FunctionDeclaration, at: str, *, strict: bool | None) -> cv.Tool:
    schema = declared.parameters_json_schema
    if declared.parameters is not None:
        if schema is not None:
            raise wrong(f"{at}.parameters", "cannot stand beside 'parametersJsonSchema'")
        schema = schemas.json_schema(declared.parameters)
    raw = None if schema is None else schemas.as_raw(schema)
    return cv.Tool(declared.name, declared.description, raw, strict, at=at)


def _tool_choice(given: fields.Request) -> tuple[cv.ToolChoice | None, bool | None]:
    """The choice, and whether calls must keep to their schemas (VALIDATED)."""
    config = given.tool_config.function_calling_config if given.tool_config is not None else None
    if config is None or config.mode in (None, "MODE_UNSPECIFIED"):
        return None, None
    names = tuple(config.allowed_function_names or ())
    modes = {"ANY": cv.ToolMode.REQUIRED, "NONE": cv.ToolMode.NONE}
    mode = modes.get(config.mode or "", cv.ToolMode.AUTO)
    return cv.ToolChoice(mode, names), True if config.mode == "VALIDATED" else None


def _output(config: fields.GenerationConfig) -> cv.OutputFormat | None:
    kind = config.response_mime_type
    schema = config.response_json_schema
    if config.response_schema is not None:
        schema = schemas.json_schema(config.response_schema)
    if schema is not None and kind != "application/json":
        raise wrong("generationConfig.responseMimeType", "must be application/json with a schema")
    if schema is not None:
        raw = schemas.as_raw(schema)
        return cv.OutputFormat(cv.OutputKind.SCHEMA, name="answer", schema=raw, strict=None)
    match kind:
        case None:
            return None
        case "text/plain":
            return cv.OutputFormat(cv.OutputKind.TEXT)
        case "application/json":
            return cv.OutputFormat(cv.OutputKind.JSON)
    raise not_carried("generationConfig.responseMimeType")


def _modalities(config: fields.GenerationConfig) -> tuple[str, ...]:
    """What was asked for; text alone is what every model gives."""
    wanted: Sequence[str] = [name.lower() for name in config.response_modalities or []]
    if not set(wanted) <= {"text", "image", "audio"}:
        raise wrong("generationConfig.responseModalities", "must be one of TEXT, IMAGE, AUDIO")
    return () if tuple(wanted) == ("text",) else tuple(wanted)


def _reasoning(config: fields.GenerationConfig) -> cv.Reasoning | None:
    thinking = config.thinking_config
    if thinking is None:
        return None
    path = "generationConfig.thinkingConfig"
    word = (thinking.thinking_level or "").lower()
    if word not in ("", "thinking_level_unspecified", "minimal", "low", "medium", "high"):
        raise wrong(f"{path}.thinkingLevel", "must be one of minimal, low, medium, high")
    is_said = word not in ("", "thinking_level_unspecified")
    budget = thinking.thinking_budget
    if is_said and budget is not None:
        raise wrong(f"{path}.thinkingLevel", "cannot stand beside 'thinkingBudget'")
    if budget == -1:  # Google's way to leave it to the model
        budget = None
    budget = output_cap(f"{path}.thinkingBudget", budget, lowest=0)
    effort = cv.Effort(word) if is_said else None
    return cv.Reasoning(effort, budget, thinking.include_thoughts)


def _detail(config: fields.GenerationConfig) -> str | None:
    wanted = config.media_resolution
    if wanted in (None, "MEDIA_RESOLUTION_UNSPECIFIED"):
        return None
    if wanted not in _DETAILS:
        raise not_carried("generationConfig.mediaResolution")
    return _DETAILS[wanted]


def _tier(given: fields.Request) -> str | None:
    tier = given.service_tier
    return None if tier is None else _TIERS.get(tier.lower(), tier.lower())
