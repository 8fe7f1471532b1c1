"""A chat request's messages as turns of the common form.

System and developer messages are gathered in front, wherever they stood: other dialects have one
place for them. Runs of tool messages become one turn of the user.
"""

from collections.abc import Iterator, Sequence

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.chat import fields, thoughts
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.data_urls import source_of
from relay.proxy.dialects.decoding import wrong

_SystemMessage = fields.System | fields.Developer
_UserPart = fields.TextPart | fields.ImagePart | fields.AudioPart | fields.FilePart


def system_of(messages: Sequence[object]) -> tuple[cv.Text, ...]:
    """The system's texts, in order."""
    found: list[cv.Text] = []
    for number, message in enumerate(messages):
        if not isinstance(message, _SystemMessage):
            continue
        at = f"messages[{number}]"
        if message.name is not None:
            raise not_carried(f"{at}.name")
        found += _texts(message.content, f"{at}.content")
    return tuple(found)


def turns_of(messages: Sequence[object]) -> tuple[cv.Message, ...]:
    """The turns of user and assistant, in order."""
    turns: list[cv.Message] = []
    results: list[cv.ToolResult] = []
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        if isinstance(message, fields.ToolMessage):
            results.append(_result(message, at))
            continue
        if results and not isinstance(message, _SystemMessage):
            turns.append(_results_turn(results))
            results = []
        if isinstance(message, fields.User):
            parts = tuple(_user_parts(message.content, f"{at}.content"))
            turns.append(cv.Message(cv.Role.USER, parts, message.name, at))
        elif isinstance(message, fields.Assistant):
            parts = tuple(_assistant_parts(message, at))
            turns.append(cv.Message(cv.Role.ASSISTANT, parts, message.name, at))
    if results:
        turns.append(_results_turn(results))
    return tuple(turns)


def _results_turn(results: list[cv.ToolResult]) -> cv.Message:
    return cv.Message(cv.Role.USER, tuple(results), at=results[0].at)


def _mark(given: fields.CacheControl | None) -> cv.CacheMark | None:
    return None if given is None else cv.CacheMark(given.ttl)


def _texts(content: str | list[fields.TextPart], at: str) -> list[cv.Text]:
    if isinstance(content, str):
        return [cv.Text(content, at=at)]
    return [
        cv.Text(part.text, cache=_mark(part.cache_control), at=f"{at}[{number}]")
        for number, part in enumerate(content)
    ]


def _result(message: fields.ToolMessage, at: str) -> cv.ToolResult:
    texts = tuple(_texts(message.content, f"{at}.content"))
    marks = [text.cache for text in texts if text.cache is not None]
    return cv.ToolResult(message.tool_call_id, texts, at=at, cache=marks[-1] if marks else None)


def _user_parts(content: str | list[_UserPart], at: str) -> Iterator[cv.Part]:
    if isinstance(content, str):
        yield cv.Text(content, at=at)
        return
    for number, part in enumerate(content):
        yield _user_part(part, f"{at}[{number}]")


def _user_part(part: _UserPart, at: str) -> cv.Part:
    mark = _mark(part.cache_control)
    match part:
        case fields.TextPart():
            return cv.Text(part.text, cache=mark, at=at)
        case fields.ImagePart():
            url, data, media_type = source_of(part.image_url.url, f"{at}.image_url.url")
            detail = part.image_url.detail
            return cv.Image(url, data, media_type, detail, cache=mark, at=at)
        case fields.AudioPart():
            audio = part.input_audio
            return cv.Audio(audio.data, audio.format, cache=mark, at=at)
        case fields.FilePart():
            if part.file.file_data is None:
                raise wrong(f"{at}.file.file_data", "is required")
            url, data, media_type = source_of(part.file.file_data, f"{at}.file.file_data")
            name = part.file.filename
            return cv.Document(url, data, None, media_type, name, cache=mark, at=at)


def _assistant_parts(message: fields.Assistant, at: str) -> Iterator[cv.Part]:
    shown = message.reasoning_content or message.reasoning
    yield from thoughts.read(message.reasoning_details, shown)
    content = [] if message.content is None else message.content
    if isinstance(content, str):
        # Clients send "" beside tool calls, where null is meant.
        content = [fields.TextPart(content)] if content or not message.tool_calls else []
    for number, part in enumerate(content):
        path = f"{at}.content[{number}]"
        if isinstance(part, fields.TextPart):
            yield cv.Text(part.text, cache=_mark(part.cache_control), at=path)
        else:
            yield cv.Refusal(part.refusal, at=path)
    if message.refusal is not None:
        yield cv.Refusal(message.refusal, at=f"{at}.refusal")
    for number, image in enumerate(message.images or []):
        yield _user_part(image, f"{at}.images[{number}]")
    for number, call in enumerate(message.tool_calls or []):
        google = call.extra_content.google if call.extra_content is not None else None
        signature = google.thought_signature if google is not None else ""
        origin = "gemini" if signature else ""
        path = f"{at}.tool_calls[{number}]"
        called = call.function
        yield cv.ToolUse(call.id, called.name, called.arguments, signature, origin, at=path)
