"""A session's settings, audio buffer and items, and what OpenAI refuses in them. No I/O.

Source: OpenAI API reference, "Realtime client events" and "server events", read 2026-11.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import msgspec

from devstack.demo_upstream import tokens
from devstack.demo_upstream.errors import Refusal

Json = dict[str, Any]

ITEMS_MAX = 1_000  # turns of a conversation; a test has a dozen
AUDIO_BYTES_MAX = 15 * 1024 * 1024  # OpenAI's own bound on the buffer
BYTES_PER_S = 48_000  # 16 bits at 24 kHz: what both sides send unless they agree otherwise
AUDIO_TOKENS_PER_S = 10
_HEARD = "heard_bytes"  # of an item that was committed: its audio itself is not kept
_COMMIT_BYTES_MIN = BYTES_PER_S // 10

_PARTS = {
    "input_text": "text",
    "text": "text",
    "output_text": "text",
    "input_audio": "audio",
    "output_audio": None,
    "audio": None,
    "input_image": "image_url",
}


@dataclass(slots=True)
class Conversation:
    """What one session knows."""

    model: str
    session_id: str
    is_beta: bool
    settings: Json = field(default_factory=dict)
    items: list[Json] = field(default_factory=list)
    buffer: bytearray = field(default_factory=bytearray)

    def update(self, given: Any) -> None:
        """Change settings; Refusal 400 for a wrong type."""
        if not isinstance(given, dict):
            raise _missing("session")
        for name, kind in (("instructions", str), ("tools", list)):
            if name in given and not isinstance(given[name], kind):
                raise Refusal(400, f"Invalid type for 'session.{name}'.", param=f"session.{name}")
        if "model" in given and given["model"] != self.model:
            raise Refusal(400, "Cannot update the model.", param="session.model")
        self.is_beta = self.is_beta or "modalities" in given
        self.settings.update(given)

    def add(self, given: Any, previous: Any = None) -> tuple[Json, str | None]:
        """Add an item; returns it with its id, and the id of the one before it."""
        if not isinstance(given, dict):
            raise _missing("item")
        check_item(given)
        item = {"id": f"item_{len(self.items)}_{self.session_id}", **given}
        item |= {"object": "realtime.item", "status": "completed"}
        self._check_call(item)
        if len(self.items) >= ITEMS_MAX:
            raise Refusal(400, f"A conversation has at most {ITEMS_MAX} items.", param="item")
        place = len(self.items)
        if previous == "root":
            place = 0
        elif previous is not None:
            place = self.index(previous) + 1
        self.items.insert(place, item)
        return item, self.items[place - 1]["id"] if place else None

    def _check_call(self, item: Json) -> None:
        if item["type"] != "function_call_output":
            return
        calls = (each["call_id"] for each in self.items if each["type"] == "function_call")
        if item["call_id"] not in calls:
            message = f"Tool call ID '{item['call_id']}' not found in conversation."
            raise Refusal(400, message, code="invalid_tool_call_id", param="item.call_id")

    def index(self, identifier: Any) -> int:
        """Where an item stands; Refusal 400 when there is none."""
        ids = [item["id"] for item in self.items]
        if identifier not in ids:
            message = f"Item with item_id '{identifier}' not found."
            raise Refusal(400, message, code="item_not_found", param="item_id")
        return ids.index(identifier)

    def append(self, audio: Any) -> None:
        """Add audio to the buffer."""
        if not isinstance(audio, str):
            raise _missing("audio")
        try:
            self.buffer += base64.b64decode(audio, validate=True)
        except binascii.Error as error:
            message = "Invalid 'audio'. Expected base64-encoded audio bytes."
            raise Refusal(400, message, code="invalid_value", param="audio") from error
        if len(self.buffer) > AUDIO_BYTES_MAX:
            raise Refusal(400, "The audio buffer is full.", param="audio")

    def commit(self) -> tuple[Json, str | None]:
        """Make an item of the buffer, as `add` does."""
        size = len(self.buffer)
        if size < _COMMIT_BYTES_MIN:
            raise Refusal(
                400,
                "Error committing input audio buffer: buffer too small. Expected at least 100ms "
                f"of audio, but buffer only has {1000 * size / BYTES_PER_S:.2f}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        part = {"type": "input_audio", "audio": "", "transcript": None}
        self.buffer.clear()
        return self.add({"type": "message", "role": "user", "content": [part], _HEARD: size})


def shown(item: Json) -> Json:
    """The item as the client may see it."""
    return {name: value for name, value in item.items() if name != _HEARD}


def check_item(item: Json) -> None:
    """Refusal 400 for an odd item."""
    kind = item.get("type")
    needed = {
        "message": ("role",),
        "function_call": ("name", "arguments", "call_id"),
        "function_call_output": ("call_id", "output"),
    }.get(str(kind))
    if needed is None:
        message = f"Invalid value: '{kind}'."
        raise Refusal(400, message, code="invalid_value", param="item.type")
    for name in needed:
        if not isinstance(item.get(name), str):
            raise _missing(f"item.{name}")
    if kind != "message":
        return
    if item["role"] not in ("user", "assistant", "system"):
        message = f"Invalid value: '{item['role']}'."
        raise Refusal(400, message, code="invalid_value", param="item.role")
    content = item.get("content")
    if not isinstance(content, list) or not content:
        raise _missing("item.content")
    for number, part in enumerate(content):
        at = f"item.content[{number}]"
        part_kind = part.get("type") if isinstance(part, dict) else None
        if part_kind not in _PARTS:
            message = f"Invalid value: '{part_kind}'."
            raise Refusal(400, message, code="invalid_value", param=f"{at}.type")
        field_name = _PARTS[part_kind]
        if field_name is not None and not isinstance(part.get(field_name), str):
            raise _missing(f"{at}.{field_name}")


def _missing(path: str) -> Refusal:
    message = f"Missing required parameter: '{path}'."
    return Refusal(400, message, code="missing_required_parameter", param=path)


def text_of(item: Json) -> str:
    """The texts of a message, joined by a line break."""
    parts = item.get("content") or ()
    return "\n".join(part["text"] for part in parts if "text" in part)


def size(item: Json) -> tuple[int, int]:
    """The tokens of an item: those of text, and those of audio."""
    if item["type"] != "message":
        return tokens.count(msgspec.json.encode(item).decode()), 0
    text = tokens.MESSAGE_TOKENS + tokens.count(text_of(item))
    audio = _audio_tokens(item.get(_HEARD, 0))
    for part in item["content"]:
        if part["type"] == "input_image":
            text += tokens.PART_TOKENS
        elif part["type"] in ("input_audio", "audio", "output_audio"):
            text += tokens.count(part.get("transcript") or "")
            audio += _audio_tokens(len(part.get("audio") or "") * 3 // 4)
    return text, audio


def _audio_tokens(size_bytes: int) -> int:
    return -(-size_bytes * AUDIO_TOKENS_PER_S // BYTES_PER_S)
