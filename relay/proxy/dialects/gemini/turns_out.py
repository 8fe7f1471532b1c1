"""Turns of the common form as a Gemini request's contents.

Empty texts say nothing and are left out. Results come first in their turn, which Google wants
right after the calls; pictures in a result follow as parts of the user's, since older models know
none inside. A signature without a call goes to the text beside it, as Google gave it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation, not_carried
from relay.proxy.dialects.decoding import wrong
from relay.proxy.dialects.gemini.media import guessed_type
from relay.proxy.dialects.gemini.thoughts import DIALECT

_Json = dict[str, Any]
# Google, "Thought signatures", read 2026-11: Gemini 3 wants one on the first call of each step;
# this word stands for calls that another model made.
FOREIGN_CALL = "skip_thought_signature_validator"


def contents_of(conversation: Conversation, *, signs_calls: bool) -> list[_Json]:
    """The contents. Raises ApiError for what Google can't take."""
    names = conversation.tool_names()
    contents = []
    for message in conversation.messages:
        if message.name is not None:
            raise not_carried(f"{message.at}.name")
        if message.role is cv.Role.USER:
            parts = list(_user_parts(message, names))
            if not parts:
                raise wrong(message.at or "messages", "must not be empty")
            contents.append({"role": "user", "parts": parts})
        elif parts := _model_parts(message, signs_calls=signs_calls):
            contents.append({"role": "model", "parts": parts})
    return contents


def _user_parts(message: cv.Message, names: Mapping[str, str]) -> Iterator[_Json]:
    results = [part for part in message.parts if isinstance(part, cv.ToolResult)]
    for result in results:
        yield {"functionResponse": _result(result, names)}
    for result in results:
        for inner in result.parts:
            if not isinstance(inner, cv.Text):
                yield _seen(inner)
    for part in message.parts:
        if not isinstance(part, cv.ToolResult | cv.Text):
            yield _seen(part)
        elif isinstance(part, cv.Text) and part.text:
            yield {"text": part.text}


def _seen(part: cv.Part) -> _Json:
    """What is no plain text."""
    match part:
        case cv.Image():
            return _media(part.url, part.data, part.media_type or "", "image/png")
        case cv.Audio():
            return _media(None, part.data, f"audio/{part.format}", "")
        case cv.Document() if part.text is not None:
            return {"text": f"{part.name}\n\n{part.text}" if part.name else part.text}
        case cv.Document():
            return _media(part.url, part.data, part.media_type or "", "application/pdf")
    raise not_carried(part.at or "messages")


def _media(url: str | None, data: str | None, media_type: str, default: str) -> _Json:
    if url is None:
        return {"inlineData": {"mimeType": media_type or default, "data": data or ""}}
    kind = media_type or guessed_type(url)
    return {"fileData": {**({"mimeType": kind} if kind else {}), "fileUri": url}}


def _result(result: cv.ToolResult, names: Mapping[str, str]) -> _Json:
    name = names.get(result.id)
    if name is None:
        raise wrong(result.at or "messages", "answers no tool call of this conversation")
    text = "".join([part.text for part in result.parts if isinstance(part, cv.Text)])
    return {"id": result.id, "name": name, "response": _response(text, result.is_error)}


def _response(text: str, is_error: bool) -> _Json:
    """Google, "FunctionResponse": all of an object, or what is under `output` or `error`."""
    if is_error:
        return {"error": text}
    said = _json_object(text)
    return {"output": text} if said is None or {"output", "error"} & set(said) else said


def _json_object(text: str) -> _Json | None:
    try:
        said = msgspec.json.decode(text) if text[:1] == "{" else None
    except (msgspec.DecodeError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _model_parts(message: cv.Message, *, signs_calls: bool) -> list[_Json]:
    parts: list[_Json] = []
    waiting = ""  # a signature that came before its text
    for part in message.parts:
        if isinstance(part, cv.RedactedThinking):
            waiting = _placed(parts, part.data) if part.origin == DIALECT else waiting
            continue
        for said in _model_part(part, is_first=not _has_call(parts) and signs_calls):
            if waiting and "text" in said and "thought" not in said:
                said["thoughtSignature"], waiting = waiting, ""
            parts.append(said)
    return [*parts, {"text": "", "thoughtSignature": waiting}] if waiting else parts


def _placed(parts: list[_Json], signature: str) -> str:
    """Put a signature to the text just before; what is left to place."""
    last = parts[-1] if parts else {}
    if "text" not in last or "thought" in last or "thoughtSignature" in last:
        return signature
    last["thoughtSignature"] = signature
    return ""


def _has_call(parts: list[_Json]) -> bool:
    return any("functionCall" in part for part in parts)


def _model_part(part: cv.Part, *, is_first: bool) -> list[_Json]:
    match part:
        case cv.Text() | cv.Refusal():
            return [{"text": part.text}] if part.text else []
        case cv.Thinking():
            is_own = part.origin == DIALECT and bool(part.text or part.signature)
            signed = {"thoughtSignature": part.signature} if part.signature else {}
            return [{"text": part.text, "thought": True, **signed}] if is_own else []
        case cv.ToolUse():
            signature = part.signature if part.origin == DIALECT else ""
            signature = signature or (FOREIGN_CALL if is_first else "")
            signed = {"thoughtSignature": signature} if signature else {}
            return [{"functionCall": _call(part), **signed}]
        case cv.Image() if part.data is not None:  # a picture that the model made
            return [_seen(part)]
    raise not_carried(part.at or "messages")


def _call(part: cv.ToolUse) -> _Json:
    arguments = part.arguments.strip() or "{}"
    args = _json_object(arguments)
    if args is None:
        raise wrong(part.at or "messages", "arguments must be a JSON object")
    return {"id": part.id, "name": part.name, "args": args}
