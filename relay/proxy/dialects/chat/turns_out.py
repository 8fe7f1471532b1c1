"""Turns of the common form as a chat request's messages.

A tool's result may hold pictures and files, which a tool message can't: they follow in a user
message. A result that is an error says so in its text, which is all a tool message has.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation, not_carried
from relay.proxy.dialects.data_urls import as_text, of_file, of_picture

_Json = dict[str, Any]
# OpenAI wants a file to have a name.


def messages_of(conversation: Conversation) -> list[_Json]:
    """The messages, the system's first. Raises ApiError for what chat can't say."""
    messages: list[_Json] = []
    if conversation.system:
        messages.append({"role": "system", "content": _content(conversation.system)})
    for message in conversation.messages:
        if message.role is cv.Role.USER:
            messages += _user(message)
        else:
            messages.append(_assistant(message))
    return messages


def _content(texts: Sequence[cv.Text]) -> str | list[_Json]:
    """One text as a string, several as parts: vendors differ in how they would join them."""
    if len(texts) == 1:
        return texts[0].text
    return [{"type": "text", "text": text.text} for text in texts]


def _named(role: str, message: cv.Message, content: Any) -> _Json:
    named = {} if message.name is None else {"name": message.name}
    return {"role": role, "content": content, **named}


def _user(message: cv.Message) -> Iterator[_Json]:
    """Results come first: chat wants them right after the calls that they answer."""
    rest: list[cv.Part] = []
    for part in message.parts:
        if isinstance(part, cv.ToolResult):
            yield {"role": "tool", "tool_call_id": part.id, "content": _result(part)}
            rest += [inner for inner in part.parts if not isinstance(inner, cv.Text)]
    rest += [part for part in message.parts if not isinstance(part, cv.ToolResult)]
    if len(rest) == 1 and isinstance(rest[0], cv.Text):
        yield _named("user", message, rest[0].text)
    elif rest:
        yield _named("user", message, [_user_part(part) for part in rest])


def _result(result: cv.ToolResult) -> str | list[_Json]:
    texts = [part for part in result.parts if isinstance(part, cv.Text)]
    if result.is_error:
        texts = [cv.Text("Error: "), *texts]
        return "".join([text.text for text in texts])
    return _content(texts) if texts else ""


def _user_part(part: cv.Part) -> _Json:
    match part:
        case cv.Text():
            return {"type": "text", "text": part.text}
        case cv.Image():
            detail = {} if part.detail is None else {"detail": part.detail}
            return {"type": "image_url", "image_url": {"url": of_picture(part), **detail}}
        case cv.Audio():
            audio = {"data": part.data, "format": part.format}
            return {"type": "input_audio", "input_audio": audio}
        case cv.Document():
            return _document(part)
    raise not_carried(part.at or "messages")


def _document(part: cv.Document) -> _Json:
    if part.text is not None:
        return {"type": "text", "text": as_text(part)}
    if part.data is None:  # OpenAI chat fetches no documents
        raise not_carried(part.at or "messages")
    return {"type": "file", "file": of_file(part)}


def _assistant(message: cv.Message) -> _Json:
    texts = [part for part in message.parts if isinstance(part, cv.Text)]
    body = _named("assistant", message, _content(texts) if texts else None)
    calls = [_tool_call(part) for part in message.parts if isinstance(part, cv.ToolUse)]
    if calls:
        body["tool_calls"] = calls
    refusals = [part.text for part in message.parts if isinstance(part, cv.Refusal)]
    if refusals:
        body["refusal"] = "".join(refusals)
    # Only what came from a chat upstream, or from nobody knows where, means anything to one.
    thoughts = [
        part.text
        for part in message.parts
        if isinstance(part, cv.Thinking) and part.origin in ("", "chat")
    ]
    if thoughts:
        body["reasoning_content"] = "".join(thoughts)
    for part in message.parts:
        if isinstance(part, cv.Image | cv.Document | cv.Audio | cv.ToolResult):
            raise not_carried(part.at or "messages")
    return body


def _tool_call(part: cv.ToolUse) -> _Json:
    function = {"name": part.name, "arguments": part.arguments or "{}"}
    return {"id": part.id, "type": "function", "function": function}
