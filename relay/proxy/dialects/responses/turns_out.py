"""Turns of the common form as a responses request's input items."""

from collections.abc import Iterator
from typing import Any

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation, not_carried
from relay.proxy.dialects.data_urls import as_text, of_file, of_picture
from relay.proxy.dialects.responses.thoughts import DIALECT

_Json = dict[str, Any]
# OpenAI wants a file to have a name.


def items_of(conversation: Conversation) -> list[_Json]:
    """The items. One system text is `instructions`; several are a message, to stay apart."""
    items: list[_Json] = []
    if len(conversation.system) > 1:
        texts = [{"type": "input_text", "text": text.text} for text in conversation.system]
        items.append({"role": "system", "content": texts})
    for message in conversation.messages:
        if message.name is not None:
            raise not_carried(f"{message.at}.name" if message.at else "messages")
        is_user = message.role is cv.Role.USER
        items += _user(message) if is_user else _assistant(message)
    return items


def _user(message: cv.Message) -> Iterator[_Json]:
    """Outputs of functions come first: they belong to the calls right before."""
    rest: list[cv.Part] = []
    for part in message.parts:
        if isinstance(part, cv.ToolResult):
            yield {"type": "function_call_output", "call_id": part.id, "output": _output(part)}
        else:
            rest.append(part)
    if len(rest) == 1 and isinstance(rest[0], cv.Text):
        yield {"role": "user", "content": rest[0].text}
    elif rest:
        yield {"role": "user", "content": [_input(part) for part in rest]}


def _output(result: cv.ToolResult) -> str | list[_Json]:
    """A result that is an error says so in its text, which is all that a function has."""
    parts = [cv.Text("Error: "), *result.parts] if result.is_error else list(result.parts)
    if all(isinstance(part, cv.Text) for part in parts):
        return "".join([part.text for part in parts if isinstance(part, cv.Text)])
    return [_input(part) for part in parts]


def _input(part: cv.Part) -> _Json:
    match part:
        case cv.Text():
            return {"type": "input_text", "text": part.text}
        case cv.Image():
            detail = {} if part.detail is None else {"detail": part.detail}
            return {"type": "input_image", "image_url": of_picture(part), **detail}
        case cv.Document():
            return _document(part)
    raise not_carried(part.at or "messages")


def _document(part: cv.Document) -> _Json:
    if part.text is not None:
        return {"type": "input_text", "text": as_text(part)}
    if part.url is not None:
        return {"type": "input_file", "file_url": part.url}
    return {"type": "input_file", **of_file(part)}


def _assistant(message: cv.Message) -> Iterator[_Json]:
    for part in message.parts:
        match part:
            case cv.Text():
                yield {"role": "assistant", "content": part.text}
            case cv.Refusal():
                refusal = {"type": "refusal", "refusal": part.text}
                yield {"role": "assistant", "content": [refusal]}
            case cv.ToolUse():
                yield {
                    "type": "function_call",
                    "call_id": part.id,
                    "name": part.name,
                    "arguments": part.arguments or "{}",
                }
            case cv.Thinking():
                # Without its encrypted content the vendor would look for it in its store.
                if part.origin == DIALECT and part.signature:
                    yield _reasoning(part)
            case cv.RedactedThinking():
                pass
            case _:
                raise not_carried(part.at or "messages")


def _reasoning(part: cv.Thinking) -> _Json:
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    named = {"id": part.id} if part.id else {}
    sealed = {"encrypted_content": part.signature}
    return {"type": "reasoning", **named, "summary": summary, **sealed}
