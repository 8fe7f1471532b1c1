"""Turns of the common form as a messages request's.

Empty texts say nothing and are left out, since Anthropic refuses them. Results come first in
their turn, where Anthropic wants them. A refusal in an earlier answer is text here.
"""

import binascii
import hashlib
import re
from base64 import b64decode
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation, not_carried
from relay.proxy.dialects.decoding import is_object, wrong
from relay.proxy.dialects.messages.thoughts import DIALECT

_Json = dict[str, Any]
# Anthropic, "Tool use": what a tool_use id may be made of.
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_NOT_IN_ID = re.compile(r"[^a-zA-Z0-9_-]")


def marked(block: _Json, mark: cv.CacheMark | None) -> _Json:
    """The block or tool with its cache mark; five minutes are Anthropic's default."""
    if mark is cv.CacheMark.ONE_HOUR:
        block["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    elif mark is not None:
        block["cache_control"] = {"type": "ephemeral"}
    return block


def texts(parts: Iterable[cv.Text]) -> list[_Json]:
    """Text blocks."""
    return [marked({"type": "text", "text": part.text}, part.cache) for part in parts if part.text]


def messages_of(conversation: Conversation) -> list[_Json]:
    """The turns. Raises ApiError for what Anthropic can't take."""
    return [turn for message in conversation.messages for turn in _turn(message)]


def _turn(message: cv.Message) -> list[_Json]:
    if message.name is not None:
        raise not_carried(f"{message.at}.name")
    if message.role is cv.Role.USER:
        ordered = sorted(message.parts, key=lambda part: not isinstance(part, cv.ToolResult))
        content = [block for part in ordered for block in _user_blocks(part)]
        if not content:
            raise wrong(message.at, "must not be empty")
        return [{"role": "user", "content": content}]
    content = [block for part in message.parts for block in _assistant_blocks(part)]
    return [{"role": "assistant", "content": content}] if content else []


def _user_blocks(part: cv.Part) -> list[_Json]:
    if isinstance(part, cv.ToolResult):
        return [_result(part)]
    if isinstance(part, cv.Text | cv.Image | cv.Document):
        return _plain([part])
    raise not_carried(part.at or "messages")


def _plain(parts: Sequence[cv.ResultPart], *, marks: bool = True) -> list[_Json]:
    blocks: list[_Json] = []
    for part in parts:
        mark = part.cache if marks else None
        match part:
            case cv.Text():
                text = {"type": "text", "text": part.text}
                blocks += [marked(text, mark)] if part.text else []
            case cv.Image():
                blocks.append(marked({"type": "image", "source": _image_source(part)}, mark))
            case cv.Document():
                titled = {} if part.name is None else {"title": part.name}
                document = {"type": "document", "source": _document_source(part), **titled}
                blocks.append(marked(document, mark))
    return blocks


def _image_source(part: cv.Image) -> _Json:
    if part.detail == "low":  # it would cost more than was asked for; the rest is what is done
        raise not_carried(part.at or "messages")
    if part.url is not None:
        return {"type": "url", "url": part.url}
    return _base64(part.media_type or "image/png", part.data)


def _document_source(part: cv.Document) -> _Json:
    if part.text is not None:
        return {"type": "text", "media_type": "text/plain", "data": part.text}
    if part.url is not None:
        return {"type": "url", "url": part.url}
    media_type = part.media_type or "application/pdf"
    if media_type.startswith("text/"):
        try:
            text = b64decode(part.data or "", validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise wrong(part.at or "messages", "must be UTF-8 text in base64") from None
        return {"type": "text", "media_type": "text/plain", "data": text}
    if media_type != "application/pdf":
        raise not_carried(part.at or "messages")
    return _base64(media_type, part.data)


def _base64(media_type: str, data: str | None) -> _Json:
    return {"type": "base64", "media_type": media_type, "data": data or ""}


def _result(part: cv.ToolResult) -> _Json:
    result: _Json = {"type": "tool_result", "tool_use_id": tool_id(part.id)}
    # Four marks a request are allowed, so that one on the result stands for those inside.
    if content := _plain(part.parts, marks=part.cache is None):
        result["content"] = content
    if part.is_error:
        result["is_error"] = True
    return marked(result, part.cache)


def _assistant_blocks(part: cv.Part) -> list[_Json]:
    match part:
        case cv.Text():
            return texts([part])
        case cv.Refusal():
            return texts([cv.Text(part.text)])
        case cv.Thinking():
            is_own = part.origin == DIALECT and part.signature != ""
            thinking = {"type": "thinking", "thinking": part.text, "signature": part.signature}
            return [thinking] if is_own else []
        case cv.RedactedThinking():
            is_own = part.origin == DIALECT
            return [{"type": "redacted_thinking", "data": part.data}] if is_own else []
        case cv.ToolUse():
            return [_tool_use(part)]
    raise not_carried(part.at or "messages")


def _tool_use(part: cv.ToolUse) -> _Json:
    arguments = part.arguments.strip() or "{}"
    try:
        msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        raise wrong(part.at or "messages", "arguments must be JSON") from None
    if not is_object(arguments.encode()):
        raise wrong(part.at or "messages", "arguments must be a JSON object")
    block = {
        "type": "tool_use",
        "id": tool_id(part.id),
        "name": part.name,
        "input": msgspec.Raw(arguments.encode()),
    }
    return marked(block, part.cache)


def tool_id(given: str) -> str:
    """A call's id as Anthropic takes it; the same one for the same id, and no two for one."""
    if _ID.fullmatch(given):
        return given
    digest = hashlib.sha256(given.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{_NOT_IN_ID.sub('_', given[:40])}_{digest}"
