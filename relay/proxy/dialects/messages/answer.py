"""A whole messages answer, read into events (`parse`) and written from them (`render`)."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.events import Event, Label
from relay.proxy.dialects.messages import answer_fields, reasons, thoughts, usage
from relay.proxy.dialects.messages.output_out import JSON_TOOL
from relay.proxy.dialects.whole import AnswerPart, Choice, Whole, gather, spread
from relay.proxy.types import Usage

_Json = dict[str, Any]
ID_PREFIX = "msg_"


def parse(body: bytes) -> list[Event]:
    """The events of an answer. Raises ValueError when it is none."""
    try:
        given = answer_fields.answer.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not a messages answer") from error
    if given.type != "message" or given.content is None:
        raise ValueError("not a messages answer")
    parts = [part for block in given.content if (part := _part(block)) is not None]
    has_tools = any(isinstance(part, cv.ToolUse) for part in parts)
    reason = reasons.parse(given.stop_reason, has_tools=has_tools)
    return spread(
        Whole(
            id=given.id or "",
            model=given.model or "",
            choices=[Choice(parts, reason, given.stop_sequence)],
            usage=usage.parse(given.usage) if is_given(given.usage) else None,
        )
    )


def _part(block: answer_fields.Block) -> AnswerPart | None:
    """A block as a part; None for kinds that were not asked for."""
    match block.type:
        case "text":
            return cv.Text(block.text or "")
        case "thinking":
            return cv.Thinking(block.thinking or "", block.signature or "", thoughts.DIALECT)
        case "redacted_thinking":
            return cv.RedactedThinking(block.data or "", thoughts.DIALECT)
        case "tool_use":
            arguments = bytes(block.input).decode() if is_given(block.input) else "{}"
            if block.name == JSON_TOOL:
                return cv.Text(arguments)
            return cv.ToolUse(block.id or "", block.name or "", arguments)
    return None


def render(events: Iterable[Event], label: Label) -> bytes:
    """The body for the client, who asked for one choice."""
    whole = gather(events)
    choice = whole.choices[0] if whole.choices else Choice()
    body = {
        **head(label),
        "content": [block for part in choice.parts for block in _blocks(part)],
        **reasons.render(choice.reason, choice.stop_sequence),
        "usage": usage.render(whole.usage or Usage()),
    }
    return msgspec.json.encode(body)


def head(label: Label) -> _Json:
    """What a message tells of itself."""
    return {
        "id": f"{ID_PREFIX}{label.id}",
        "type": "message",
        "role": "assistant",
        "model": label.model,
    }


def picture(media_type: str, data: str) -> str:
    """A picture or sound as text, since Anthropic's answers hold nothing else: Markdown, whose
    readers show it."""
    return f"![](data:{media_type};base64,{data})"


def _blocks(part: AnswerPart) -> Iterator[_Json]:
    match part:
        case cv.Text() | cv.Refusal():
            if part.text:  # Anthropic would not take an empty one back
                yield {"type": "text", "text": part.text}
        case cv.Thinking():
            signature = thoughts.sealed(part.signature, origin=part.origin, item_id=part.id)
            yield {"type": "thinking", "thinking": part.text, "signature": signature}
        case cv.RedactedThinking():
            data = thoughts.sealed(part.data, origin=part.origin, item_id=part.id)
            yield {"type": "redacted_thinking", "data": data}
        case cv.ToolUse():
            arguments = msgspec.Raw(_object(part.arguments))
            yield {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}
            if part.signature:
                data = thoughts.sealed(part.signature, origin=part.origin)
                yield {"type": "redacted_thinking", "data": data}
        case cv.Image():
            yield {"type": "text", "text": picture(part.media_type or "image/png", part.data or "")}
        case cv.Audio():
            yield {"type": "text", "text": picture(f"audio/{part.format}", part.data)}


def _object(arguments: str) -> bytes:
    """A call's arguments, which must be an object here. What a model wrote amiss (a cut-off
    answer, mostly) stands in one as text."""
    try:
        value = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        value = None
    is_object = isinstance(value, dict)
    return arguments.encode() or b"{}" if is_object else msgspec.json.encode({"raw": arguments})
