"""A responses request, read into the common form (`parse`) and written from it (`render`)."""

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation, not_carried
from relay.proxy.dialects.decoding import is_given, output_cap, read, wrong
from relay.proxy.dialects.responses import fields
from relay.proxy.dialects.responses.request_out import render
from relay.proxy.dialects.responses.turns_in import Turns

__all__ = ["parse", "render"]

_NAMES = {
    "messages": "input",
    "system": "instructions",
    "output": "text.format",
    "verbosity": "text.verbosity",
    "parallel_tools": "parallel_tool_calls",
    "output_tokens_max": "max_output_tokens",
    "cache_key": "prompt_cache_key",
    "is_stream": "stream",
    "logprobs": "include",
}


def parse(body: bytes) -> Conversation:
    """Read a request body. Raises ApiError naming the parameter that is wrong or not known."""
    given = read(fields.decoder, body)
    if not given.input:
        raise wrong("input", "must not be empty")
    if given.background:
        raise not_carried("background")
    turns = _turns(given)
    names = dict(_NAMES)
    text = given.text or fields.TextOptions()
    include = given.include or ()
    return Conversation(
        model=given.model,
        messages=tuple(turns.messages),
        system=tuple(turns.system),
        tools=tuple(_tool(tool, n) for n, tool in enumerate(given.tools or [])),
        tool_choice=_tool_choice(given),
        parallel_tools=given.parallel_tool_calls,
        output=_output(text),
        verbosity=text.verbosity,
        reasoning=_reasoning(given.reasoning),
        output_tokens_max=output_cap("max_output_tokens", given.max_output_tokens),
        temperature=given.temperature,
        top_p=given.top_p,
        logprobs=True if "message.output_text.logprobs" in include else None,
        top_logprobs=given.top_logprobs,
        user=_user(given, names),
        metadata=given.metadata or {},
        service_tier=given.service_tier,
        cache_key=given.prompt_cache_key,
        store=given.store,
        is_stream=bool(given.stream),
        wants_usage=bool(given.stream),  # the last event has it in any case
        names=names,
    )


def _turns(given: fields.Request) -> Turns:
    turns = Turns()
    if given.instructions is not None:
        turns.system.append(cv.Text(given.instructions, at="instructions"))
    if isinstance(given.input, str):
        text = cv.Text(given.input, at="input")
        turns.messages.append(cv.Message(cv.Role.USER, (text,), at="input"))
    else:
        turns.read(given.input)
    return turns


def _tool(tool: fields.FunctionTool, number: int) -> cv.Tool:
    return cv.Tool(
        name=tool.name,
        description=tool.description,
        schema=tool.parameters if is_given(tool.parameters) else None,
        strict=tool.strict,
        at=f"tools[{number}]",
    )


def _tool_choice(given: fields.Request) -> cv.ToolChoice | None:
    match given.tool_choice:
        case None:
            return None
        case fields.NamedTool(name):
            return cv.ToolChoice(cv.ToolMode.REQUIRED, (name,))
        case fields.AllowedTools(mode, tools):
            return cv.ToolChoice(cv.ToolMode(mode), tuple(tool.name for tool in tools))
        case str() as mode:
            return cv.ToolChoice(cv.ToolMode(mode))


def _output(text: fields.TextOptions) -> cv.OutputFormat | None:
    match text.format:
        case None:
            return None
        case fields.TextFormat():
            return cv.OutputFormat(cv.OutputKind.TEXT)
        case fields.JsonFormat():
            return cv.OutputFormat(cv.OutputKind.JSON)
        case fields.SchemaFormat() as given:
            return cv.OutputFormat(
                cv.OutputKind.SCHEMA,
                name=given.name,
                description=given.description,
                schema=given.schema if is_given(given.schema) else None,
                strict=given.strict,
            )


def _reasoning(given: fields.ReasoningOptions | None) -> cv.Reasoning | None:
    if given is None:
        return None
    summary = given.summary or given.generate_summary
    effort = None if given.effort is None else cv.Effort(given.effort)
    wants_summary = True if summary else None
    return cv.Reasoning(effort=effort, wants_summary=wants_summary, summary=summary)


def _user(given: fields.Request, names: dict[str, str]) -> str | None:
    names["user"] = "safety_identifier" if given.safety_identifier is not None else "user"
    if given.user is not None and given.safety_identifier is not None:
        raise not_carried("user")  # one of two different ids would be lost
    return given.safety_identifier or given.user
