"""The common form as a responses request body for an upstream.

Nothing is kept in the vendor's store unless the caller asks for it; reasoning comes encrypted
instead, so that the caller can send it back. Left out, because they change no answer: cache marks
and another vendor's signed reasoning.
"""

from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.effort import effort_of
from relay.proxy.dialects.responses.turns_out import items_of

_Json = dict[str, Any]

_UNKNOWN = (
    *("top_k", "stop", "n", "seed", "frequency_penalty", "presence_penalty"),
    *("logit_bias", "modalities"),
)
# OpenAI knows no effort above xhigh.
_EFFORTS = {cv.Effort.MAX: cv.Effort.XHIGH}

# Conversation's fields that go over as they are, where they were given.
_PLAIN = {
    "parallel_tools": "parallel_tool_calls",
    "output_tokens_max": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_logprobs": "top_logprobs",
    "user": "safety_identifier",
    "metadata": "metadata",
    "service_tier": "service_tier",
    "cache_key": "prompt_cache_key",
}


def render(conversation: Conversation, upstream_model: str) -> bytes:
    """The request to send. Raises ApiError (400) for what responses can't say."""
    conversation.refuse(*_UNKNOWN)
    body: _Json = {"model": upstream_model, "store": bool(conversation.store)}
    if len(conversation.system) == 1:
        body["instructions"] = conversation.system[0].text
    body["input"] = items_of(conversation)
    if conversation.tools:
        body["tools"] = [_tool(tool) for tool in conversation.tools]
    if conversation.tool_choice is not None:
        body["tool_choice"] = _tool_choice(conversation.tool_choice)
    text = _text(conversation)
    if text:
        body["text"] = text
    if conversation.reasoning is not None:
        body["reasoning"] = _reasoning(conversation.reasoning)
    include = _include(conversation)
    if include:
        body["include"] = include
    for field, name in _PLAIN.items():
        value = getattr(conversation, field)
        if value is not None and value != {}:
            body[name] = value
    if conversation.is_stream:
        body["stream"] = True
    return msgspec.json.encode(body)


def _tool(tool: cv.Tool) -> _Json:
    described = {} if tool.description is None else {"description": tool.description}
    return {
        "type": "function",
        "name": tool.name,
        **described,
        "parameters": tool.schema,
        # Strict is the default here and nowhere else: what was not asked for is not wanted.
        "strict": bool(tool.strict),
    }


def tool_bodies(conversation: Conversation) -> list[_Json]:
    """The tools as answers repeat them."""
    return [_tool(tool) for tool in conversation.tools]


def _tool_choice(choice: cv.ToolChoice) -> str | _Json:
    if not choice.names:
        return choice.mode.value
    named = [{"type": "function", "name": name} for name in choice.names]
    if choice.mode is cv.ToolMode.REQUIRED and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "mode": choice.mode.value, "tools": named}


def tool_choice_body(conversation: Conversation) -> str | _Json:
    """The choice of tools as answers repeat it."""
    choice = conversation.tool_choice
    return "auto" if choice is None else _tool_choice(choice)


def _text(conversation: Conversation) -> _Json:
    text: _Json = {}
    if conversation.verbosity is not None:
        text["verbosity"] = conversation.verbosity
    output = conversation.output
    if output is None:
        return text
    match output.kind:
        case cv.OutputKind.TEXT:
            text["format"] = {"type": "text"}
        case cv.OutputKind.JSON:
            text["format"] = {"type": "json_object"}
        case cv.OutputKind.SCHEMA:
            given = {"description": output.description, "strict": output.strict}
            text["format"] = {
                "type": "json_schema",
                "name": output.name or "answer",
                "schema": output.schema,
                **{name: value for name, value in given.items() if value is not None},
            }
    return text


def _reasoning(reasoning: cv.Reasoning) -> _Json:
    effort = effort_of(reasoning)
    options: _Json = {}
    if effort is not None:
        options["effort"] = _EFFORTS.get(effort, effort)
    if reasoning.wants_summary and not reasoning.is_off:
        options["summary"] = reasoning.summary or "auto"
    return options


def _include(conversation: Conversation) -> list[str]:
    """Encrypted reasoning only where reasoning was asked for: other models refuse to give any."""
    include = []
    if conversation.reasoning is not None and not conversation.reasoning.is_off:
        include.append("reasoning.encrypted_content")
    if conversation.logprobs:
        include.append("message.output_text.logprobs")
    return include
