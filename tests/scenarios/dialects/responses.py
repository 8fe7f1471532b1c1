"""OpenAI's responses, as its own SDK's types have them."""

import json
from typing import Any

from openai.types.responses import Response, ResponseStreamEvent
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

_events = TypeAdapter[ResponseStreamEvent](ResponseStreamEvent)
_ENDS = ("response.completed", "response.incomplete")


def sent(ask: Ask, model: str, key: str) -> Sent:
    form = {"type": "json_schema", "name": "person", "strict": True, "schema": SCHEMA}
    body = {
        "model": model,
        "instructions": "Be brief.",
        "input": _input(ask),
        "max_output_tokens": ask.output_tokens_max,
        "tools": [_tool(name) for name in ask.tools] or None,
        "reasoning": {"effort": "low", "summary": "auto"} if ask.thinks else None,
        "text": {"format": form} if ask.has_schema else None,
        "stream": ask.is_stream or None,
        "store": False,
    } | ask.more
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return Sent("/v1/responses", headers, encoded(body))


def _input(ask: Ask) -> Any:
    if not ask.has_image and ask.earlier is None:
        return ask.prompt
    content: list[dict[str, Any]] = [{"type": "input_text", "text": ask.prompt}]
    if ask.has_image:
        picture = f"data:image/png;base64,{PNG}"
        content.append({"type": "input_image", "image_url": picture, "detail": "auto"})
    items: list[Any] = [{"role": "user", "content": content}]
    if ask.earlier is not None:
        results = [
            {"type": "function_call_output", "call_id": call.id, "output": json.dumps(RESULT)}
            for call in ask.earlier.calls
        ]
        items += [*ask.earlier.turn, *results]
    return items


def _tool(name: str) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "description": TOOLS[name],
        "parameters": ARGUMENTS,
        "strict": False,
    }


def whole(body: bytes) -> Seen:
    return _seen(Response.model_validate_json(body), json.loads(body)["output"])


def _seen(answer: Response, turn: Any) -> Seen:
    assert answer.usage is not None
    thoughts = [item for item in answer.output if item.type == "reasoning"]
    return Seen(
        text=answer.output_text,
        thinking="".join([part.text for item in thoughts for part in item.summary]),
        calls=tuple(
            Called(item.call_id, item.name, json.loads(item.arguments))
            for item in answer.output
            if item.type == "function_call"
        ),
        reason=answer.incomplete_details.reason or ""
        if answer.incomplete_details
        else answer.status or "",
        model=answer.model,
        tokens_read=answer.usage.input_tokens,
        tokens_written=answer.usage.output_tokens,
        turn=turn,
    )


def stream(body: bytes) -> Seen:
    events = [json.loads(frame) for frame in data_of(body)]
    for number, event in enumerate(events):
        _events.validate_python(event)
        assert event["sequence_number"] == number
    assert events[0]["type"] == "response.created"
    assert events[-1]["type"] in _ENDS
    last = events[-1]["response"]
    seen = _seen(Response.model_validate(last), last["output"])
    assert _joined(events, "response.output_text.delta") == seen.text
    arguments = _joined(events, "response.function_call_arguments.delta")
    assert all(json.dumps(call.arguments["city"]) in arguments for call in seen.calls)
    return seen


def _joined(events: list[dict[str, Any]], kind: str) -> str:
    return "".join([event["delta"] for event in events if event["type"] == kind])


def error(body: bytes) -> Broken:
    shown = json.loads(body)["error"]
    assert set(shown) >= {"message", "type", "code", "param"}
    return Broken(shown["message"], shown["param"])


def broken(body: bytes) -> Broken:
    last = json.loads(data_of(body)[-1])
    assert not any(kind.encode() in body for kind in _ENDS)
    if last["type"] == "response.failed":
        return Broken(last["response"]["error"]["message"])
    assert last["type"] == "error"
    return Broken(last["message"], last.get("param"))


SPEECH = Speech(sent, whole, stream, error, broken)
