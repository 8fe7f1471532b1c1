"""A conversation as a generateContent body for an upstream. The model and whether to stream are
in the path (`relay.proxy.wire`), not here.

Left out, because they change no answer: cache marks and keys (Google caches by itself), who the
caller's user is, and the name of an output format.
"""

from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.decoding import wrong
from relay.proxy.dialects.gemini.thinking_out import config_of, version_of
from relay.proxy.dialects.gemini.turns_out import contents_of

_Json = dict[str, Any]

# Gemini API reference, "GenerationConfig", read 2026-11.
CANDIDATES_MAX = 8
STOP_SEQUENCES_MAX = 5
_SEED = range(-(2**31), 2**31)
_RESOLUTIONS = {"low": "MEDIA_RESOLUTION_LOW", "high": "MEDIA_RESOLUTION_HIGH"}
# OpenAI's word -> Google's; auto is what Google does unasked.
_TIERS = {"auto": None, "default": "standard", "standard_only": "standard"}
# What Google has no parameter for; false is what it does anyway.
_UNKNOWN = ("verbosity", "logit_bias", "metadata", "store")
_PLAIN = {
    "output_tokens_max": "maxOutputTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "n": "candidateCount",
    "seed": "seed",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}


def render(conversation: Conversation, upstream_model: str) -> bytes:
    """The body to send. Raises ApiError (400) for what Google cannot carry."""
    _check(conversation)
    signs_calls = version_of(upstream_model) >= 3
    body: _Json = {"contents": contents_of(conversation, signs_calls=signs_calls)}
    if system := [{"text": text.text} for text in conversation.system if text.text]:
        body["systemInstruction"] = {"parts": system}
    if conversation.tools:
        body["tools"] = [{"functionDeclarations": [_tool(tool) for tool in conversation.tools]}]
    if choice := _choice(conversation):
        body["toolConfig"] = {"functionCallingConfig": choice}
    if config := _config(conversation, upstream_model):
        body["generationConfig"] = config
    tier = _TIERS[conversation.service_tier or "auto"]
    if tier is not None:
        body["serviceTier"] = tier
    return msgspec.json.encode(body)


def _check(conversation: Conversation) -> None:
    for name in _UNKNOWN:
        if getattr(conversation, name):
            raise conversation.not_carried(name)
    if conversation.parallel_tools is False:
        raise conversation.not_carried("parallel_tools")
    if conversation.service_tier not in (None, *_TIERS):
        raise conversation.not_carried("service_tier")
    if (conversation.n or 1) > CANDIDATES_MAX:
        raise conversation.not_carried("n")
    if conversation.seed is not None and conversation.seed not in _SEED:
        raise conversation.not_carried("seed")
    if len(conversation.stop) > STOP_SEQUENCES_MAX:
        raise wrong(
            conversation.names.get("stop", "stop"),
            f"at most {STOP_SEQUENCES_MAX} are possible for this model",
        )


def _tool(tool: cv.Tool) -> _Json:
    given = {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": tool.schema,
    }
    return {name: value for name, value in given.items() if value is not None}


def _choice(conversation: Conversation) -> _Json:
    """Strict tools are VALIDATED, as are some of all: AUTO knows neither."""
    choice = conversation.tool_choice
    mode = choice.mode if choice is not None else cv.ToolMode.AUTO
    names = list(choice.names) if choice is not None else []
    is_strict = any(tool.strict for tool in conversation.tools)
    match mode:
        case cv.ToolMode.NONE:
            return {"mode": "NONE"}
        case cv.ToolMode.REQUIRED:
            word = "ANY"
        case cv.ToolMode.AUTO:
            word = "VALIDATED" if is_strict or names else "AUTO"
    if choice is None and word == "AUTO":
        return {}
    return {"mode": word, **({"allowedFunctionNames": names} if names else {})}


def _config(conversation: Conversation, upstream_model: str) -> _Json:
    config: _Json = {}
    for field, name in _PLAIN.items():
        if (value := getattr(conversation, field)) is not None:
            config[name] = value
    if conversation.stop:
        config["stopSequences"] = list(conversation.stop)
    if conversation.modalities:
        config["responseModalities"] = [name.upper() for name in conversation.modalities]
    config |= _output(conversation)
    if thinking := config_of(conversation, upstream_model):
        config["thinkingConfig"] = thinking
    if (resolution := _resolution(conversation)) is not None:
        config["mediaResolution"] = resolution
    return config


def _output(conversation: Conversation) -> _Json:
    output = conversation.output
    if output is None:
        return {}
    match output.kind:
        case cv.OutputKind.TEXT:
            return {"responseMimeType": "text/plain"}
        case cv.OutputKind.JSON:
            return {"responseMimeType": "application/json"}
        case cv.OutputKind.SCHEMA:
            if output.schema is None:
                raise conversation.not_carried("output")
            schema = _described(output.schema, output.description)
            return {"responseMimeType": "application/json", "responseJsonSchema": schema}


def _described(schema: msgspec.Raw, description: str | None) -> Any:
    """The schema; what the format is for becomes its description, where the model looks."""
    if description is None:
        return schema
    given = msgspec.json.decode(schema)
    return {"description": description, **given} if isinstance(given, dict) else schema


def _resolution(conversation: Conversation) -> str | None:
    """Google looks at all pictures alike. Raises ApiError where the caller wants it otherwise."""
    found = {part.detail: part for part in conversation.parts() if isinstance(part, cv.Image)}
    wanted = {detail for detail in found if detail in _RESOLUTIONS}
    if not wanted:
        return None
    if len(found) > 1:
        raise cv.not_carried(found[wanted.pop()].at or "messages")
    return _RESOLUTIONS[wanted.pop()]
