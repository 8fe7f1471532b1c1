"""A whole chat answer, read into events (`parse`) and written from them (`render`)."""

from collections.abc import Iterable
from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import data_urls
from relay.proxy.dialects.chat import answer_fields, reasons, thoughts, usage
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.events import Event, Label
from relay.proxy.dialects.logprobs import logprobs_body, logprobs_of
from relay.proxy.dialects.whole import AnswerPart, Choice, Whole, gather, spread

_Json = dict[str, Any]


def parse(body: bytes) -> list[Event]:
    """The events of an answer. Raises ValueError when it is none."""
    try:
        given = answer_fields.decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not a chat answer") from error
    if not given.choices or is_given(given.error) or given.object == "error":
        raise ValueError("not a chat answer")
    choices = sorted(given.choices, key=lambda choice: choice.index)
    return spread(
        Whole(
            id=given.id or "",
            model=given.model or "",
            created=int(given.created or 0),
            choices=[_choice(choice, given.id or "") for choice in choices],
            usage=usage.parse(given.usage) if is_given(given.usage) else None,
        )
    )


def _choice(given: answer_fields.Choice, answer_id: str) -> Choice:
    message = given.message or answer_fields.Message()
    parts: list[AnswerPart] = list(
        thoughts.read(message.reasoning_details, message.reasoning_content or message.reasoning)
    )
    if message.content:
        parts.append(cv.Text(message.content))
    if message.refusal:
        parts.append(cv.Refusal(message.refusal))
    parts += [image for given in message.images or [] if (image := image_of(given)) is not None]
    parts += [_tool(n, call, answer_id) for n, call in enumerate(message.tool_calls or [])]
    tokens = given.logprobs.tokens if given.logprobs is not None else []
    return Choice(
        parts,
        reasons.parse(
            given.finish_reason,
            has_tools=bool(message.tool_calls),
            has_refusal=bool(message.refusal),
        ),
        logprobs=logprobs_of(tokens) or None,
    )


def image_of(given: answer_fields.Image) -> cv.Image | None:
    """A picture that came with the answer; one by address is nobody's to fetch."""
    head, comma, data = given.image_url.url.partition(";base64,")
    is_data = bool(comma) and head.startswith("data:")
    return cv.Image(data=data, media_type=head[5:]) if is_data else None


def made_id(answer_id: str, number: int) -> str:
    """An id for a tool call that came without one; the same in a stream and a whole answer."""
    return f"call_{answer_id}_{number}"


def _tool(number: int, call: answer_fields.ToolCall, answer_id: str) -> cv.ToolUse:
    called = call.function or answer_fields.Called()
    signature = signature_of(call)
    origin = "gemini" if signature else ""
    id_ = call.id or made_id(answer_id, number)
    return cv.ToolUse(id_, called.name or "", called.arguments or "", signature, origin)


def signature_of(call: answer_fields.ToolCall) -> str:
    """Google's signature of a call, or ""."""
    google = call.extra_content.google if call.extra_content is not None else None
    return google.thought_signature if google is not None else ""


def render(events: Iterable[Event], label: Label) -> bytes:
    """The body for the client."""
    whole = gather(events)
    body: _Json = {
        "id": f"chatcmpl-{label.id}",
        "object": "chat.completion",
        "created": label.created,
        "model": label.model,
        "choices": [_choice_body(number, choice) for number, choice in enumerate(whole.choices)],
    }
    if whole.usage is not None:
        body["usage"] = usage.render(whole.usage)
    return msgspec.json.encode(body)


def _choice_body(number: int, choice: Choice) -> _Json:
    has_refusal = any(isinstance(part, cv.Refusal) for part in choice.parts)
    logprobs = None
    if choice.logprobs is not None:
        key, other = ("refusal", "content") if has_refusal else ("content", "refusal")
        logprobs = {key: logprobs_body(choice.logprobs), other: None}
    return {
        "index": number,
        "message": _message(choice),
        "logprobs": logprobs,
        "finish_reason": reasons.render(choice.reason, has_refusal=has_refusal),
    }


def _message(choice: Choice) -> _Json:
    message: _Json = {
        "role": "assistant",
        "content": choice.text or (None if choice.tools or choice.refusal else ""),
        "refusal": choice.refusal or None,
    }
    if choice.thinking:
        message["reasoning_content"] = choice.thinking
    kept = [p for p in choice.parts if isinstance(p, cv.Thinking | cv.RedactedThinking)]
    if kept:
        message["reasoning_details"] = thoughts.details_of(kept)
    if choice.tools:
        message["tool_calls"] = [call_body(tool) for tool in choice.tools]
    images = [image_body(part) for part in choice.parts if isinstance(part, cv.Image)]
    if images:
        message["images"] = images
    return message


def call_body(tool: cv.ToolUse) -> _Json:
    """A tool call as it stands in a message; Google's signature is kept for the way back."""
    signed = {}
    if tool.signature and tool.origin == "gemini":
        signed = {"extra_content": {"google": {"thought_signature": tool.signature}}}
    function = {"name": tool.name, "arguments": tool.arguments}
    return {"id": tool.id, "type": "function", "function": function, **signed}


def image_body(image: cv.Image) -> _Json:
    """A picture as it stands in a message."""
    return {"type": "image_url", "image_url": {"url": data_urls.of_picture(image)}}
