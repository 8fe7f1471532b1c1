"""A messages request, read into the common form (`parse`) and written from it (`render`)."""

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.decoding import OUTPUT_TOKENS_MAX, is_object, output_cap, read, wrong
from relay.proxy.dialects.messages import fields
from relay.proxy.dialects.messages.request_out import render
from relay.proxy.dialects.messages.turns_in import mark_of, system_of, texts_of, turns_of
from relay.proxy.errors import ApiError, Cause

__all__ = ["parse", "parse_count", "render"]

# Anthropic, "Extended thinking": the smallest budget.
BUDGET_TOKENS_MIN = 1_024

_NAMES = {
    "output_tokens_max": "max_tokens",
    "stop": "stop_sequences",
    "parallel_tools": "tool_choice.disable_parallel_tool_use",
    "user": "metadata.user_id",
    "is_stream": "stream",
}


def parse(body: bytes) -> Conversation:
    """Read a request body. Raises ApiError naming the parameter that is wrong or not known."""
    given = read(fields.decoder, body)
    if given.max_tokens is None:
        raise ApiError(Cause.MISSING_PARAMETER, param="max_tokens", detail="max_tokens")
    return _conversation(given)


def parse_count(body: bytes) -> Conversation:
    """Read a body of `messages/count_tokens`, which has no `max_tokens`. Raises ApiError."""
    return _conversation(read(fields.decoder, body))


def _conversation(given: fields.Request) -> Conversation:
    turns = turns_of(given.messages)
    if not turns:
        raise wrong("messages", "must not be empty")
    system = () if given.system is None else texts_of(given.system, "system")
    names = dict(_NAMES)
    # An automatic mark on the last block is a hint like any other mark; no part bears it.
    return Conversation(
        model=given.model,
        messages=turns,
        system=(*system, *system_of(given.messages)),
        tools=tuple(_tool(tool, n) for n, tool in enumerate(given.tools or [])),
        tool_choice=_tool_choice(given),
        parallel_tools=_parallel_tools(given),
        output=_output(given, names),
        reasoning=_reasoning(given, names),
        output_tokens_max=output_cap("max_tokens", given.max_tokens),
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        stop=tuple(given.stop_sequences or ()),
        user=given.metadata.user_id if given.metadata is not None else None,
        service_tier="default" if given.service_tier == "standard_only" else given.service_tier,
        is_stream=bool(given.stream),
        wants_usage=True,  # every stream of this dialect tells it
        names=names,
    )


def _tool(tool: fields.Tool, number: int) -> cv.Tool:
    at = f"tools[{number}]"
    if not is_object(tool.input_schema):
        raise wrong(f"{at}.input_schema", "must be an object")
    return cv.Tool(
        name=tool.name,
        description=tool.description,
        schema=tool.input_schema,
        strict=tool.strict,
        cache=mark_of(tool.cache_control),
        at=at,
    )


def _tool_choice(given: fields.Request) -> cv.ToolChoice | None:
    match given.tool_choice:
        case None:
            return None
        case fields.AutoChoice():
            return cv.ToolChoice(cv.ToolMode.AUTO)
        case fields.AnyChoice():
            return cv.ToolChoice(cv.ToolMode.REQUIRED)
        case fields.ToolChoice(name):
            return cv.ToolChoice(cv.ToolMode.REQUIRED, (name,))
        case fields.NoneChoice():
            return cv.ToolChoice(cv.ToolMode.NONE)


def _parallel_tools(given: fields.Request) -> bool | None:
    choice = given.tool_choice
    if choice is None or isinstance(choice, fields.NoneChoice):
        return None
    disabled = choice.disable_parallel_tool_use
    return None if disabled is None else not disabled


def _output(given: fields.Request, names: dict[str, str]) -> cv.OutputFormat | None:
    """Anthropic holds to a schema in any case, which others call strict."""
    wanted = given.output_config.format if given.output_config is not None else None
    names["output"] = "output_config.format" if wanted is not None else "output_format"
    wanted = wanted or given.output_format
    if wanted is None:
        return None
    if not is_object(wanted.schema):
        raise wrong(f"{names['output']}.schema", "must be an object")
    return cv.OutputFormat(cv.OutputKind.SCHEMA, name="answer", schema=wanted.schema, strict=True)


def _reasoning(given: fields.Request, names: dict[str, str]) -> cv.Reasoning | None:
    """`thinking` and `output_config.effort` together; adaptive thinking is high by default."""
    word = given.output_config.effort if given.output_config is not None else None
    effort = None if word is None else cv.Effort(word)
    thinking = given.thinking
    names["reasoning"] = "output_config.effort" if thinking is None else "thinking"
    match thinking:
        case None:
            return None if effort is None else cv.Reasoning(effort)
        case fields.Disabled():
            return cv.Reasoning(cv.Effort.NONE)
        case fields.Enabled(budget, display):
            _check_budget(budget, given.max_tokens)
            return cv.Reasoning(effort, budget, _wants_summary(display))
        case fields.Adaptive(display):
            return cv.Reasoning(effort or cv.Effort.HIGH, None, _wants_summary(display))


def _check_budget(budget: int, cap: float | None) -> None:
    path = "thinking.budget_tokens"
    if not BUDGET_TOKENS_MIN <= budget <= OUTPUT_TOKENS_MAX:
        raise wrong(path, f"must be a whole number, at least {BUDGET_TOKENS_MIN}")
    if cap is not None and budget >= cap:
        raise wrong(path, "must be less than 'max_tokens'")


def _wants_summary(display: str | None) -> bool | None:
    return None if display is None else display == "summarized"
