"""A messages request's turns in the common form."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.decoding import is_object, wrong
from relay.proxy.dialects.messages import fields, thoughts

Said = fields.User | fields.Assistant | fields.System


def mark_of(given: fields.CacheControl | None) -> cv.CacheMark | None:
    """The cache mark of a block or a tool."""
    return None if given is None else cv.CacheMark(given.ttl)


def texts_of(content: str | list[fields.TextBlock], at: str) -> tuple[cv.Text, ...]:
    """Plain text, in a string or in blocks."""
    if isinstance(content, str):
        return (cv.Text(content, at=at),)
    return tuple(
        cv.Text(block.text, cache=mark_of(block.cache_control), at=f"{at}[{number}]")
        for number, block in enumerate(content)
    )


def system_of(messages: Sequence[Said]) -> Iterator[cv.Text]:
    """The instructions among the turns, which go in front: others have one place for them."""
    for number, message in enumerate(messages):
        if isinstance(message, fields.System):
            yield from texts_of(message.content, f"messages[{number}].content")


def turns_of(messages: Sequence[Said]) -> tuple[cv.Message, ...]:
    """The turns of user and assistant, in order."""
    turns = []
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        if isinstance(message, fields.User):
            parts = tuple(_user_parts(message.content, f"{at}.content"))
            turns.append(cv.Message(cv.Role.USER, parts, at=at))
        elif isinstance(message, fields.Assistant):
            parts = tuple(_assistant_parts(message.content, f"{at}.content"))
            turns.append(cv.Message(cv.Role.ASSISTANT, parts, at=at))
    return tuple(turns)


def _user_parts(content: str | list[fields.UserBlock], at: str) -> Iterator[cv.Part]:
    if isinstance(content, str):
        yield cv.Text(content, at=at)
        return
    for number, block in enumerate(content):
        path = f"{at}[{number}]"
        if isinstance(block, fields.ToolResultBlock):
            yield _result(block, path)
        else:
            yield _plain(block, path)


def _plain(
    block: fields.TextBlock | fields.ImageBlock | fields.DocumentBlock, at: str
) -> cv.ResultPart:
    mark = mark_of(block.cache_control)
    match block:
        case fields.TextBlock():
            return cv.Text(block.text, cache=mark, at=at)
        case fields.ImageBlock(fields.UrlSource(url)):
            return cv.Image(url, cache=mark, at=at)
        case fields.ImageBlock(fields.Base64Source(data, media_type)):
            return cv.Image(None, data, media_type, cache=mark, at=at)
        case fields.DocumentBlock(fields.UrlSource(url), title):
            return cv.Document(url, name=title, cache=mark, at=at)
        case fields.DocumentBlock(fields.Base64Source(data, media_type), title):
            return cv.Document(None, data, None, media_type, title, cache=mark, at=at)
        case fields.DocumentBlock(fields.TextSource(data, media_type), title):
            return cv.Document(None, None, data, media_type, title, cache=mark, at=at)
    raise wrong(at, "is of no known form")


def _result(block: fields.ToolResultBlock, at: str) -> cv.ToolResult:
    content = [] if block.content is None else block.content
    parts: tuple[cv.ResultPart, ...]
    if isinstance(content, str):
        parts = (cv.Text(content, at=f"{at}.content"),)
    else:
        parts = tuple(_plain(inner, f"{at}.content[{n}]") for n, inner in enumerate(content))
    mark = mark_of(block.cache_control)
    return cv.ToolResult(block.tool_use_id, parts, bool(block.is_error), cache=mark, at=at)


def _assistant_parts(content: str | list[fields.AssistantBlock], at: str) -> list[cv.Part]:
    if isinstance(content, str):
        return [cv.Text(content, at=at)]
    parts: list[cv.Part] = []
    for number, block in enumerate(content):
        part = _assistant_part(block, f"{at}[{number}]")
        last = parts[-1] if parts else None
        is_signed = isinstance(part, cv.RedactedThinking) and thoughts.is_tool_signature(part)
        if is_signed and isinstance(part, cv.RedactedThinking) and isinstance(last, cv.ToolUse):
            parts[-1] = replace(last, signature=part.data, origin=part.origin)
        else:
            parts.append(part)
    return parts


def _assistant_part(block: fields.AssistantBlock, at: str) -> cv.Part:
    match block:
        case fields.TextBlock():
            return cv.Text(block.text, cache=mark_of(block.cache_control), at=at)
        case fields.ThinkingBlock():
            return thoughts.thinking(block.thinking, block.signature, at)
        case fields.RedactedBlock():
            return thoughts.redacted(block.data, at)
        case fields.ToolUseBlock():
            if not is_object(block.input):
                raise wrong(f"{at}.input", "must be an object")
            arguments, mark = bytes(block.input).decode(), mark_of(block.cache_control)
            return cv.ToolUse(block.id, block.name, arguments, cache=mark, at=at)
