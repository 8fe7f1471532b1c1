"""Which call a tool's result answers, where only the tool's name is given.

Model Studio's own examples send `{"role": "tool", "name": ..., "content": ...}` (Alibaba Cloud
Model Studio, "OpenAI compatible - Chat", read 2026-11); other vendors insist on `tool_call_id`.
"""

from collections.abc import Mapping, Sequence

import msgspec

from relay.proxy.dialects.decoding import complaint
from relay.proxy.errors import ApiError, Cause


class _Called(msgspec.Struct):
    name: str


class _Call(msgspec.Struct):
    id: str
    function: _Called | None = None


class _Message(msgspec.Struct):
    role: str
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[_Call] | None = None


_messages = msgspec.json.Decoder(list[_Message])
_fields = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def filled(messages: msgspec.Raw) -> msgspec.Raw:
    """The messages, with the id of the oldest unanswered call of its name in each result that has
    none. Raises ApiError naming the result that answers no call."""
    try:
        read = _messages.decode(messages)
    except msgspec.ValidationError as error:
        raise complaint(str(error), at="messages") from None
    ids = _missing_ids(read)
    written: list[Mapping[str, object]] = []
    for number, fields in enumerate(_fields.decode(messages)):
        id = ids.get(number)
        written.append(fields if id is None else {**fields, "tool_call_id": id})
    return msgspec.Raw(msgspec.json.encode(written))


def _missing_ids(messages: Sequence[_Message]) -> dict[int, str]:
    """message's number -> the id that it lacks."""
    ids: dict[int, str] = {}
    waiting: list[_Call] = []
    for number, message in enumerate(messages):
        if message.role != "tool":
            waiting = list(message.tool_calls or ())
            continue
        answered = _answered(message, waiting)
        if answered is not None:
            waiting.remove(answered)
        if message.tool_call_id is None:
            if answered is None:
                name = f"messages[{number}].tool_call_id"
                raise ApiError(Cause.MISSING_PARAMETER, param=name, detail=name)
            ids[number] = answered.id
    return ids


def _answered(message: _Message, waiting: Sequence[_Call]) -> _Call | None:
    """The call that a result answers: the one of its id, else the first of its name."""
    for call in waiting:
        if message.tool_call_id is not None:
            if call.id == message.tool_call_id:
                return call
        elif call.function is not None and call.function.name == message.name:
            return call
    return None
