"""The common form as a chat request body for an upstream.

Left out, because they change no answer: cache marks (OpenAI caches by itself) and another
vendor's signed reasoning (nobody else can read it).
"""

import re
from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.chat.turns_out import messages_of
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.effort import effort_of

_Json = dict[str, Any]

# OpenAI's reasoning models refuse `max_tokens`; many vendors of this format know no other name.
_WANTS_NEW_CAP_NAME = re.compile(r"(?:^|/)(?:o\d|gpt-[5-9])")
# OpenAI knows no effort above xhigh.
_EFFORTS = {cv.Effort.MAX: cv.Effort.XHIGH}

# Conversation's fields that go over as they are, where they were given.
_PLAIN = {
    "parallel_tools": "parallel_tool_calls",
    "verbosity": "verbosity",
    "temperature": "temperature",
    "top_p": "top_p",
    "n": "n",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
    "logit_bias": "logit_bias",
    "user": "user",
    "metadata": "metadata",
    "service_tier": "service_tier",
    "cache_key": "prompt_cache_key",
    "store": "store",
}


def render(conversation: Conversation, upstream_model: str) -> bytes:
    """The request to send; a stream's usage is always asked for. Raises ApiError (400) for what
    chat can't say."""
    conversation.refuse("top_k", "modalities")
    body: _Json = {"model": upstream_model, "messages": messages_of(conversation)}
    if conversation.tools:
        body["tools"] = [_tool(tool) for tool in conversation.tools]
    if conversation.tool_choice is not None:
        body["tool_choice"] = _tool_choice(conversation.tool_choice)
    if conversation.output is not None:
        body["response_format"] = _output(conversation.output)
    if conversation.output_tokens_max is not None:
        is_new = _WANTS_NEW_CAP_NAME.search(upstream_model)
        name = "max_completion_tokens" if is_new else "max_tokens"
        body[name] = conversation.output_tokens_max
    if conversation.stop:
        body["stop"] = list(conversation.stop)
    effort = effort_of(conversation.reasoning) if conversation.reasoning is not None else None
    if effort is not None:
        body["reasoning_effort"] = _EFFORTS.get(effort, effort)
    for field, name in _PLAIN.items():
        value = getattr(conversation, field)
        if value is not None and value != {}:
            body[name] = value
    if conversation.is_stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return msgspec.json.encode(body)


def _tool(tool: cv.Tool) -> _Json:
    given = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.schema,
        "strict": tool.strict,
    }
    return {"type": "function", "function": _present(given)}


def _present(fields: _Json) -> _Json:
    return {name: value for name, value in fields.items() if value is not None}


def _tool_choice(choice: cv.ToolChoice) -> str | _Json:
    if not choice.names:
        return choice.mode.value
    named = [{"type": "function", "function": {"name": name}} for name in choice.names]
    if choice.mode is cv.ToolMode.REQUIRED and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode.value, "tools": named}}


def _output(output: cv.OutputFormat) -> _Json:
    match output.kind:
        case cv.OutputKind.TEXT:
            return {"type": "text"}
        case cv.OutputKind.JSON:
            return {"type": "json_object"}
        case cv.OutputKind.SCHEMA:
            given = {
                "name": output.name or "answer",
                "description": output.description,
                "schema": output.schema,
                "strict": output.strict,
            }
            return {"type": "json_schema", "json_schema": _present(given)}
