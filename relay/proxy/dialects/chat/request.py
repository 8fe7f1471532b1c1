"""A chat request, read into the common form (`parse`) and written from it (`render`)."""

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.chat import fields
from relay.proxy.dialects.chat.checks import CHOICES_MAX
from relay.proxy.dialects.chat.request_out import render
from relay.proxy.dialects.chat.turns_in import system_of, turns_of
from relay.proxy.dialects.conversation import Conversation, not_carried
from relay.proxy.dialects.decoding import is_given, output_cap, read, whole_number, wrong

__all__ = ["parse", "render"]

_NAMES = {
    "output": "response_format",
    "parallel_tools": "parallel_tool_calls",
    "cache_key": "prompt_cache_key",
    "is_stream": "stream",
    "wants_usage": "stream_options.include_usage",
}


def parse(body: bytes) -> Conversation:
    """Read a request body. Raises ApiError naming the parameter that is wrong or not known."""
    given = read(fields.decoder, body)
    if not given.messages:
        raise wrong("messages", "must not be empty")
    names = dict(_NAMES)
    logprobs, top_logprobs = _logprobs(given)
    return Conversation(
        model=given.model,
        messages=turns_of(given.messages),
        system=system_of(given.messages),
        tools=tuple(_tool(tool, n) for n, tool in enumerate(given.tools or [])),
        tool_choice=_tool_choice(given),
        parallel_tools=given.parallel_tool_calls,
        output=_output(given),
        modalities=_modalities(given),
        verbosity=given.verbosity,
        reasoning=_reasoning(given, names),
        output_tokens_max=_output_tokens_max(given, names),
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        stop=(given.stop,) if isinstance(given.stop, str) else tuple(given.stop or ()),
        n=whole_number("n", given.n, highest=CHOICES_MAX),
        seed=given.seed,
        frequency_penalty=given.frequency_penalty,
        presence_penalty=given.presence_penalty,
        logprobs=logprobs,
        top_logprobs=top_logprobs,
        logit_bias=given.logit_bias or {},
        user=_user(given, names),
        metadata=given.metadata or {},
        service_tier=given.service_tier,
        cache_key=given.prompt_cache_key,
        store=given.store,
        is_stream=bool(given.stream),
        wants_usage=bool(given.stream_options and given.stream_options.include_usage),
        names=names,
    )


def _tool(tool: fields.FunctionTool, number: int) -> cv.Tool:
    function, mark = tool.function, tool.cache_control
    return cv.Tool(
        name=function.name,
        description=function.description,
        schema=function.parameters if is_given(function.parameters) else None,
        strict=function.strict,
        cache=None if mark is None else cv.CacheMark(mark.ttl),
        at=f"tools[{number}].function",
    )


def _tool_choice(given: fields.Request) -> cv.ToolChoice | None:
    match given.tool_choice:
        case None:
            return None
        case fields.NamedTool() as tool:
            return cv.ToolChoice(cv.ToolMode.REQUIRED, (tool.function.name,))
        case fields.AllowedTools(allowed):
            names = tuple(tool.function.name for tool in allowed.tools)
            return cv.ToolChoice(cv.ToolMode(allowed.mode), names)
        case str() as mode:
            return cv.ToolChoice(cv.ToolMode(mode))


def _output(given: fields.Request) -> cv.OutputFormat | None:
    match given.response_format:
        case None:
            return None
        case fields.TextFormat():
            return cv.OutputFormat(cv.OutputKind.TEXT)
        case fields.JsonFormat():
            return cv.OutputFormat(cv.OutputKind.JSON)
        case fields.SchemaFormat(json_schema):
            schema = json_schema.schema if is_given(json_schema.schema) else None
            return cv.OutputFormat(
                cv.OutputKind.SCHEMA,
                name=json_schema.name,
                description=json_schema.description,
                schema=schema,
                strict=json_schema.strict,
            )


def _modalities(given: fields.Request) -> tuple[str, ...]:
    """What was asked for; text alone is what every model gives."""
    wanted = tuple(given.modalities or ())
    return () if wanted == ("text",) else wanted


def _reasoning(given: fields.Request, names: dict[str, str]) -> cv.Reasoning | None:
    names["reasoning"] = "reasoning" if given.reasoning is not None else "reasoning_effort"
    if given.reasoning is None:
        effort = _effort(given.reasoning_effort, "reasoning_effort")
        return None if effort is None else cv.Reasoning(effort=effort)
    asked = given.reasoning
    effort = _effort(asked.effort or given.reasoning_effort, "reasoning.effort")
    if asked.enabled is False:
        effort = cv.Effort.NONE
    elif asked.enabled and effort is None and asked.max_tokens is None:
        effort = cv.Effort.MEDIUM  # OpenRouter's default for `enabled`
    return cv.Reasoning(
        effort=effort,
        budget_tokens=output_cap("reasoning.max_tokens", asked.max_tokens, lowest=0),
        wants_summary=None if asked.exclude is None else not asked.exclude,
    )


def _effort(word: str | None, param: str) -> cv.Effort | None:
    if word is None:
        return None
    if word not in list(cv.Effort):
        raise wrong(param, f"must be one of {', '.join(cv.Effort)}")
    return cv.Effort(word)


def _output_tokens_max(given: fields.Request, names: dict[str, str]) -> int | None:
    """The cap; of the two names' values the smaller, which keeps both."""
    caps = {
        name: cap
        for name in ("max_completion_tokens", "max_tokens")
        if (cap := output_cap(name, getattr(given, name)))
    }
    names["output_tokens_max"] = min(caps, key=lambda name: caps[name], default="max_tokens")
    return min(caps.values(), default=None)


def _logprobs(given: fields.Request) -> tuple[bool | None, int | None]:
    if given.logprobs is None or isinstance(given.logprobs, bool):
        if given.top_logprobs is not None and not given.logprobs:
            raise wrong("top_logprobs", "needs 'logprobs' to be true")
        return given.logprobs, given.top_logprobs
    return True, given.logprobs


def _user(given: fields.Request, names: dict[str, str]) -> str | None:
    names["user"] = "safety_identifier" if given.safety_identifier is not None else "user"
    if given.user is not None and given.safety_identifier is not None:
        raise not_carried("user")  # one of two different ids would be lost
    return given.safety_identifier or given.user
