"""The messages of a chat completion request, and what OpenAI refuses in them. Never answers."""

from typing import Any, Literal

import msgspec

from devstack.demo_upstream import tokens
from devstack.demo_upstream.errors import Refusal

_PARTS = {
    "text": ("text", str),
    "image_url": ("image_url", dict),
    "input_audio": ("input_audio", dict),
    "file": ("file", dict),
    "refusal": ("refusal", str),
}
_FIELDS = {"image_url": ("url",), "input_audio": ("data", "format"), "file": ()}


class CalledFunction(msgspec.Struct):
    name: str
    arguments: str


class CalledTool(msgspec.Struct):
    id: str
    function: CalledFunction | None = None
    type: str = "function"


class Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[CalledTool] | None = None
    tool_call_id: str | None = None

    def text(self) -> str:
        """The message's text; text parts are joined by a line break."""
        if isinstance(self.content, str):
            return self.content
        parts = self.content or ()
        return "\n".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")

    def audio_parts(self) -> int:
        """How many parts are audio: their tokens are told apart in usage."""
        return self._kinds().count("input_audio")

    def token_count(self) -> int:
        """The tokens of the message, without those of audio."""
        kinds = self._kinds()
        others = len(kinds) - kinds.count("text") - kinds.count("input_audio")
        total = tokens.MESSAGE_TOKENS + tokens.count(self.text()) + others * tokens.PART_TOKENS
        if self.tool_calls:
            total += tokens.count(msgspec.json.encode(self.tool_calls).decode())
        return total

    def _kinds(self) -> list[Any]:
        parts = self.content if isinstance(self.content, list) else ()
        return [part.get("type") for part in parts]


def check_messages(messages: list[Message]) -> None:
    """Refusal 400 for a message without content, an odd part, or a tool's result without a call."""
    waiting: set[str] = set()
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        if message.role == "tool":
            _check_result(message, waiting, at)
            continue
        if waiting:
            missing = ", ".join(sorted(waiting))
            raise Refusal(
                400,
                "An assistant message with 'tool_calls' must be followed by tool messages "
                "responding to each 'tool_call_id'. The following tool_call_ids did not have "
                f"response messages: {missing}",
                param=f"messages[{number - 1}].role",
            )
        if message.content is None and message.role != "assistant":
            raise Refusal(400, "Expected content, got null.", param=f"{at}.content")
        _check_parts(message, at)
        waiting = {call.id for call in message.tool_calls or ()}


def _check_result(message: Message, waiting: set[str], at: str) -> None:
    if message.tool_call_id is None:
        raise Refusal(400, "Missing parameter 'tool_call_id'.", param=f"{at}.tool_call_id")
    if message.tool_call_id not in waiting:
        raise Refusal(
            400,
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
            "message with 'tool_calls'.",
            param=f"{at}.role",
        )
    waiting.discard(message.tool_call_id)
    _check_parts(message, at)


def _check_parts(message: Message, at: str) -> None:
    parts = message.content if isinstance(message.content, list) else ()
    for number, part in enumerate(parts):
        kind = part.get("type")
        where = f"{at}.content[{number}]"
        if kind not in _PARTS:
            raise Refusal(400, f"Invalid value: {kind!r}.", param=f"{where}.type")
        name, wanted = _PARTS[kind]
        value = part.get(name)
        if not isinstance(value, wanted):
            raise Refusal(400, f"Invalid type for '{where}.{name}'.", param=f"{where}.{name}")
        if not isinstance(value, dict):
            continue
        missing = [f for f in _FIELDS[kind] if not isinstance(value.get(f), str)]
        if missing:
            path = f"{where}.{name}.{missing[0]}"
            raise Refusal(400, f"Missing required parameter: '{path}'.", param=path)
