"""Anthropic's messages, as its own SDK's types have them."""

import json
from typing import Any

from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from tests.scenarios.dialects.ask import (
    ARGUMENTS,
    PNG,
    RESULT,
    SCHEMA,
    TOOLS,
    Ask,
    Broken,
    Called,
    Seen,
    Sent,
    Speech,
    data_of,
    encoded,
)

_events = TypeAdapter[RawMessageStreamEvent](RawMessageStreamEvent)
BUDGET_TOKENS = 1_024  # the least that Anthropic takes


def sent(ask: Ask, model: str, key: str) -> Sent:
    body = {
        "model": model,
        "max_tokens": ask.output_tokens_max,
        "system": "Be brief.",
        "messages": _messages(ask),
        "tools": [_tool(name) for name in ask.tools] or None,
        "thinking": {"type": "enabled", "budget_tokens": BUDGET_TOKENS} if ask.thinks else None,
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}
        if ask.has_schema
        else None,
        "stream": ask.is_stream or None,
    } | ask.more
    headers = {
        "x-api-key": key,
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
    }
    return Sent("/v1/messages", headers, encoded(body))


def _messages(ask: Ask) -> list[dict[str, Any]]:
    content: Any = ask.prompt
    if ask.has_image:
        source = {"type": "base64", "media_type": "image/png", "data": PNG}
        content = [{"type": "text", "text": ask.prompt}, {"type": "image", "source": source}]
    messages = [{"role": "user", "content": content}]
    if ask.earlier is not None:
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": json.dumps(RESULT)}
            for call in ask.earlier.calls
        ]
        messages += [
            {"role": "assistant", "content": ask.earlier.turn},
            {"role": "user", "content": results},
        ]
    return messages


def _tool(name: str) -> dict[str, Any]:
    return {"name": name, "description": TOOLS[name], "input_schema": ARGUMENTS}


def whole(body: bytes) -> Seen:
    return _seen(Message.model_validate_json(body), json.loads(body)["content"])


def _seen(answer: Message, turn: Any) -> Seen:
    usage = answer.usage
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    return Seen(
        text="".join([block.text for block in answer.content if block.type == "text"]),
        thinking="".join([block.thinking for block in answer.content if block.type == "thinking"]),
        calls=tuple(
            Called(block.id, block.name, dict(block.input))
            for block in answer.content
            if block.type == "tool_use"
        ),
        reason=answer.stop_reason or "",
        model=answer.model,
        tokens_read=usage.input_tokens + cached,
        tokens_written=usage.output_tokens,
        turn=turn,
    )


def stream(body: bytes) -> Seen:
    events = [json.loads(frame) for frame in data_of(body)]
    for event in events:
        if event["type"] != "ping":
            _events.validate_python(event)
    assert (events[0]["type"], events[-1]["type"]) == ("message_start", "message_stop")
    message, blocks = events[0]["message"], {}
    for event in events[1:]:
        if event["type"] == "content_block_start":
            blocks[event["index"]] = event["content_block"] | {"partial": ""}
        if event["type"] == "content_block_delta":
            _grow(blocks[event["index"]], event["delta"])
        if event["type"] == "message_delta":
            message |= event["delta"]
            message["usage"] |= event["usage"]
    for block in blocks.values():
        if (partial := block.pop("partial")) and block["type"] == "tool_use":
            block["input"] = json.loads(partial)
    message["content"] = [blocks[index] for index in sorted(blocks)]
    return _seen(Message.model_validate(message), message["content"])


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["partial"] += delta["partial_json"]


def error(body: bytes) -> Broken:
    shown = json.loads(body)
    assert shown["type"] == "error"
    assert shown["error"]["type"]
    return Broken(shown["error"]["message"])


def broken(body: bytes) -> Broken:
    frames = data_of(body)
    assert b'"message_stop"' not in body
    return error(frames[-1])


SPEECH = Speech(sent, whole, stream, error, broken)
