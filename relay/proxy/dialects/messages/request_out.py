"""A conversation as a messages request for an upstream. Refuses what Anthropic has no way to say.

Hints that change no answer (a cache key, an offer not to store) are left out.
"""

from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.decoding import wrong
from relay.proxy.dialects.messages import output_out, thinking_out
from relay.proxy.dialects.messages.turns_out import marked, messages_of, texts

_Json = dict[str, Any]

# For callers that name no cap, where the relay puts none either: `max_tokens` is required, and no
# model that is still sold (2026-11) allows less.
OUTPUT_TOKENS_DEFAULT = 8_192
# Anthropic, "Create a Message": 1 is the most.
TEMPERATURE_MAX = 1.0
_EMPTY_SCHEMA = msgspec.Raw(b'{"type":"object","properties":{}}')
# OpenAI's word -> Anthropic's; without priority capacity, which is bought apart.
_SERVICE_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}

# What Anthropic has no parameter for; false, zero and one choice are what it does anyway.
_UNKNOWN = (
    "modalities",
    "verbosity",
    "n",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "metadata",
    "store",
)


def render(conversation: Conversation, upstream_model: str) -> bytes:
    """The body to send. Raises ApiError (400) for what Anthropic cannot carry."""
    _check(conversation)
    body: _Json = {
        "model": upstream_model,
        "max_tokens": conversation.output_tokens_max or OUTPUT_TOKENS_DEFAULT,
        "messages": messages_of(conversation),
    }
    if system := texts(conversation.system):
        body["system"] = system
    body |= _tools(conversation)
    body |= _plain_fields(conversation)
    thinking_out.add(body, conversation, upstream_model)
    output_out.add(body, conversation)
    if conversation.is_stream:
        body["stream"] = True
    return msgspec.json.encode(body)


def _check(conversation: Conversation) -> None:
    for name in _UNKNOWN:
        value = getattr(conversation, name)
        is_default = not value or (name == "n" and value == 1)
        if not is_default:
            raise conversation.not_carried(name)
    temperature = conversation.temperature
    if temperature is not None and temperature > TEMPERATURE_MAX:
        raise wrong("temperature", "must be 0 to 1 for this model")
    tier = conversation.service_tier
    if tier is not None and tier not in _SERVICE_TIERS:
        raise conversation.not_carried("service_tier")


def _plain_fields(conversation: Conversation) -> _Json:
    tier = conversation.service_tier
    fields = {
        "temperature": conversation.temperature,
        "top_p": conversation.top_p,
        "top_k": conversation.top_k,
        "stop_sequences": list(conversation.stop) or None,
        "metadata": None if conversation.user is None else {"user_id": conversation.user},
        "service_tier": None if tier is None else _SERVICE_TIERS[tier],
    }
    return {name: value for name, value in fields.items() if value is not None}


def _tools(conversation: Conversation) -> _Json:
    if not conversation.tools:
        return {}
    choice = conversation.tool_choice
    allowed = choice.names if choice is not None else ()
    # Anthropic narrows a choice to one tool or none; to some of them, by naming no others.
    is_narrowed = len(allowed) > 1 or (choice and allowed and choice.mode is cv.ToolMode.AUTO)
    tools = [tool for tool in conversation.tools if not is_narrowed or tool.name in allowed]
    fields: _Json = {"tools": [_tool(tool) for tool in tools]}
    if said := _choice(choice, parallel=conversation.parallel_tools):
        fields["tool_choice"] = said
    return fields


def _tool(tool: cv.Tool) -> _Json:
    given: _Json = {"name": tool.name, "input_schema": tool.schema or _EMPTY_SCHEMA}
    if tool.description is not None:
        given["description"] = tool.description
    if tool.strict:
        given["strict"] = True
    return marked(given, tool.cache)


def _choice(choice: cv.ToolChoice | None, *, parallel: bool | None) -> _Json:
    mode = choice.mode if choice is not None else cv.ToolMode.AUTO
    if mode is cv.ToolMode.NONE:
        return {"type": "none"}
    said: _Json = {"type": "auto"}
    if mode is cv.ToolMode.REQUIRED and choice is not None:
        is_one = len(choice.names) == 1
        said = {"type": "tool", "name": choice.names[0]} if is_one else {"type": "any"}
    if parallel is False:
        said["disable_parallel_tool_use"] = True
    return said if choice is not None or parallel is False else {}
