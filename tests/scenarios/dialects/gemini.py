"""Google's generateContent, as its own SDK's types have it."""

import json
from typing import Any

from google.genai.types import GenerateContentResponse

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

BUDGET_TOKENS = 1_024


def sent(ask: Ask, model: str, key: str) -> Sent:
    operation = "streamGenerateContent" if ask.is_stream else "generateContent"
    body = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": _contents(ask),
        "tools": [{"functionDeclarations": [_tool(name) for name in ask.tools]}]
        if ask.tools
        else None,
        "generationConfig": _config(ask) or None,
    } | ask.more
    return Sent(
        f"/v1beta/models/{model}:{operation}",
        {"x-goog-api-key": key, "content-type": "application/json"},
        encoded(body),
        b"alt=sse" if ask.is_stream else b"",
    )


def _config(ask: Ask) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if ask.output_tokens_max is not None:
        config["maxOutputTokens"] = ask.output_tokens_max
    if ask.has_schema:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    if ask.thinks:
        config["thinkingConfig"] = {"thinkingBudget": BUDGET_TOKENS, "includeThoughts": True}
    return config


def _contents(ask: Ask) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"text": ask.prompt}]
    if ask.has_image:
        parts.append({"inlineData": {"mimeType": "image/png", "data": PNG}})
    contents = [{"role": "user", "parts": parts}]
    if ask.earlier is not None:
        results = [
            {"functionResponse": {"id": call.id, "name": call.name, "response": RESULT}}
            for call in ask.earlier.calls
        ]
        contents += [ask.earlier.turn, {"role": "user", "parts": results}]
    return contents


def _tool(name: str) -> dict[str, Any]:
    return {"name": name, "description": TOOLS[name], "parametersJsonSchema": ARGUMENTS}


def whole(body: bytes) -> Seen:
    answer = GenerateContentResponse.model_validate_json(body)
    turn = json.loads(body)["candidates"][0]["content"]
    return _seen([answer], turn)


def stream(body: bytes) -> Seen:
    chunks = [GenerateContentResponse.model_validate_json(frame) for frame in data_of(body)]
    return _seen(chunks, None)


def _seen(answers: list[GenerateContentResponse], turn: Any) -> Seen:
    candidates = [each for answer in answers for each in answer.candidates or ()]
    parts = [part for each in candidates if each.content for part in each.content.parts or ()]
    usage, reason = answers[-1].usage_metadata, candidates[-1].finish_reason
    assert usage is not None
    assert reason is not None
    calls = [part.function_call for part in parts if part.function_call]
    return Seen(
        text="".join([part.text for part in parts if part.text and not part.thought]),
        thinking="".join([part.text for part in parts if part.text and part.thought]),
        calls=tuple(Called(call.id or "", call.name or "", call.args or {}) for call in calls),
        reason=reason.value,
        model=answers[0].model_version or "",
        tokens_read=(usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
        tokens_written=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        turn=turn,
    )


def error(body: bytes) -> Broken:
    shown = json.loads(body)["error"]
    assert set(shown) >= {"code", "message", "status"}
    return Broken(shown["message"])


def broken(body: bytes) -> Broken:
    *frames, last = data_of(body)
    assert all(b'"finishReason"' not in frame for frame in frames)
    return error(last)


SPEECH = Speech(sent, whole, stream, error, broken)
