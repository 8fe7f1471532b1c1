"""OpenAI's chat completions, as its own SDK's types have them."""

import json
from typing import Any

from openai.types.chat import ChatCompletion, ChatCompletionChunk

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

DONE = b"[DONE]"


def sent(ask: Ask, model: str, key: str) -> Sent:
    body = {
        "model": model,
        "messages": _messages(ask),
        "max_tokens": ask.output_tokens_max,
        "tools": [_tool(name) for name in ask.tools] or None,
        "reasoning_effort": "low" if ask.thinks else None,
        "response_format": _format() if ask.has_schema else None,
        "stream": ask.is_stream or None,
        "stream_options": {"include_usage": True} if ask.is_stream else None,
    } | ask.more
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return Sent("/v1/chat/completions", headers, encoded(body))


def _messages(ask: Ask) -> list[dict[str, Any]]:
    content: Any = ask.prompt
    if ask.has_image:
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
        content = [{"type": "text", "text": ask.prompt}, picture]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}]
    if ask.earlier is not None:
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": json.dumps(RESULT)}
            for call in ask.earlier.calls
        ]
        messages += [ask.earlier.turn, *results]
    return messages


def _tool(name: str) -> dict[str, Any]:
    function = {"name": name, "description": TOOLS[name], "parameters": ARGUMENTS}
    return {"type": "function", "function": function}


def _format() -> dict[str, Any]:
    return {
        "type": "json_schema",
        "json_schema": {"name": "person", "strict": True, "schema": SCHEMA},
    }


def whole(body: bytes) -> Seen:
    answer = ChatCompletion.model_validate_json(body)
    (choice,) = answer.choices
    assert answer.usage is not None
    message = json.loads(body)["choices"][0]["message"]
    return Seen(
        text=choice.message.content or "",
        thinking=message.get("reasoning_content") or "",
        calls=tuple(
            Called(call.id, call.function.name, json.loads(call.function.arguments))
            for call in choice.message.tool_calls or ()
            if call.type == "function"
        ),
        reason=choice.finish_reason,
        model=answer.model,
        tokens_read=answer.usage.prompt_tokens,
        tokens_written=answer.usage.completion_tokens,
        turn=message,
    )


def stream(body: bytes) -> Seen:
    *frames, last = data_of(body)
    assert last == DONE
    # Azure's first chunk is none: it tells what the content filter found in the prompt.
    chunks = [
        ChatCompletionChunk.model_validate_json(frame)
        for frame in frames
        if b'"object":""' not in frame
    ]
    assert len({chunk.id for chunk in chunks}) == 1
    usage = chunks[-1].usage
    assert usage is not None
    choices = [choice for chunk in chunks for choice in chunk.choices]
    thoughts = [(choice.delta.model_extra or {}).get("reasoning_content") for choice in choices]
    return Seen(
        text="".join([choice.delta.content or "" for choice in choices]),
        thinking="".join([thought for thought in thoughts if thought]),
        calls=_calls(choices),
        reason=next(choice.finish_reason for choice in choices if choice.finish_reason),
        model=chunks[0].model,
        tokens_read=usage.prompt_tokens,
        tokens_written=usage.completion_tokens,
    )


def _calls(choices: list[Any]) -> tuple[Called, ...]:
    found: dict[int, list[str]] = {}
    for choice in choices:
        for piece in choice.delta.tool_calls or ():
            if piece.index not in found:
                found[piece.index] = [piece.id, piece.function.name, ""]
            found[piece.index][2] += piece.function.arguments or ""
    return tuple(Called(id_, name, json.loads(text)) for id_, name, text in found.values())


def error(body: bytes) -> Broken:
    shown = json.loads(body)["error"]
    assert set(shown) >= {"message", "type", "code", "param"}
    return Broken(shown["message"], shown["param"])


def broken(body: bytes) -> Broken:
    frames = data_of(body)
    assert DONE not in frames
    return error(frames[-1])


SPEECH = Speech(sent, whole, stream, error, broken)
