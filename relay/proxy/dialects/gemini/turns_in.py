"""A Gemini request's contents as turns of the common form.

Function calls may bear no id: then their place is it, which stays the same when the conversation
is sent again, and results are matched to the calls before them by name, in order.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.decoding import wrong
from relay.proxy.dialects.gemini import fields
from relay.proxy.dialects.gemini.media import audio_format, guessed_type, is_of_vendor
from relay.proxy.dialects.gemini.thoughts import standard, unsealed

# Watched rather than fetched.
_FILMS = ("https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/")


def turns_of(
    contents: Sequence[fields.Content], *, detail: str | None, path: Callable[[str], str]
) -> tuple[cv.Message, ...]:
    """The turns, in order. `detail` is how closely pictures are to be looked at, `path` puts a
    path into the caller's spelling."""
    reader = _Reader(detail, path)
    turns = []
    for number, content in enumerate(contents):
        at = f"contents[{number}]"
        role = cv.Role.ASSISTANT if content.role == "model" else cv.Role.USER
        parts: list[cv.Part] = []
        for place, part in enumerate(content.parts or []):
            parts += reader.parts(role, part, f"{at}.parts[{place}]", f"call_{number}_{place}")
        turns.append(cv.Message(role, tuple(parts), at=at))
    return tuple(turns)


class _Reader:
    """Reads parts; remembers the calls that wait for their result."""

    __slots__ = ("_detail", "_path", "_waiting")

    def __init__(self, detail: str | None, path: Callable[[str], str]) -> None:
        self._detail = detail
        self._path = path
        self._waiting: list[tuple[str, str]] = []  # (name, id)

    def parts(self, role: cv.Role, part: fields.Part, at: str, call_id: str) -> Iterator[cv.Part]:
        """What one part says: mostly one thing, and perhaps a signature beside it."""
        is_model = role is cv.Role.ASSISTANT
        signature = unsealed(part.thought_signature or "")
        if part.function_call is not None and is_model:
            call = part.function_call
            call_id = call.id or call_id
            self._waiting.append((call.name, call_id))
            arguments = msgspec.json.encode(call.args or {}).decode()
            yield cv.ToolUse(
                call_id, call.name, arguments, signature.value, signature.origin, at=at
            )
        elif part.function_response is not None and not is_model:
            yield self._result(part.function_response, self._path(f"{at}.functionResponse"))
        elif part.text is not None:
            yield from _texts(part, part.text, is_model=is_model, at=at)
        elif (blob := part.inline_data) is not None:
            yield self._inline(blob, self._path(f"{at}.inlineData"))
        elif part.file_data is not None:
            yield self._file(part.file_data, self._path(f"{at}.fileData"))
        else:
            raise wrong(at, "must hold something that its role can say")

    def _result(self, given: fields.FunctionResponse, at: str) -> cv.ToolResult:
        call_id = given.id or self._call_id(given.name, at)
        self._waiting = [waiting for waiting in self._waiting if waiting[1] != call_id]
        texts, is_error = _result_texts(given.response or {})
        pictures = []
        for number, part in enumerate(given.parts or []):
            path = self._path(f"{at}.parts[{number}].inlineData")
            picture = self._inline(part.inline_data, path)
            if not isinstance(picture, cv.Image | cv.Document):
                raise not_carried(path)
            pictures.append(picture)
        return cv.ToolResult(call_id, (*texts, *pictures), is_error, at=at)

    def _call_id(self, name: str, at: str) -> str:
        for called, call_id in self._waiting:
            if called == name:
                return call_id
        raise wrong(at, "answers no function call")

    def _inline(self, blob: fields.Blob, at: str) -> cv.Image | cv.Audio | cv.Document:
        kind, data = blob.mime_type.lower(), standard(blob.data)
        if kind.startswith("image/"):
            return cv.Image(None, data, kind, self._detail, at=at)
        if kind.startswith("audio/"):
            return cv.Audio(data, audio_format(kind), at=at)
        if kind == "application/pdf" or kind.startswith("text/"):
            return cv.Document(None, data, None, kind, blob.display_name, at=at)
        raise not_carried(f"{at}.mimeType")

    def _file(self, file: fields.FileData, at: str) -> cv.Image | cv.Document:
        uri = file.file_uri
        if is_of_vendor(uri) or uri.startswith(_FILMS):
            raise not_carried(f"{at}.fileUri")
        kind = (file.mime_type or guessed_type(uri)).lower()
        if kind.startswith("image/"):
            return cv.Image(uri, None, kind, self._detail, at=at)
        if kind.startswith(("audio/", "video/")):
            raise not_carried(f"{at}.mimeType")
        return cv.Document(uri, None, None, kind or None, file.display_name, at=at)


def _texts(part: fields.Part, text: str, *, is_model: bool, at: str) -> Iterator[cv.Part]:
    signature = unsealed(part.thought_signature or "")
    if signature.is_redacted:
        yield cv.RedactedThinking(signature.value, signature.origin, signature.item_id, at=at)
    elif part.thought and is_model:
        origin = signature.origin or "gemini"
        yield cv.Thinking(text, signature.value, origin, signature.item_id, at=at)
    else:
        if text or not signature.value:
            yield cv.Text(text, at=at)
        if signature.value and is_model:
            yield cv.RedactedThinking(signature.value, signature.origin, at=at)


def _result_texts(response: dict[str, Any]) -> tuple[tuple[cv.Text, ...], bool]:
    """What the function said, and whether it failed: `output`, `error`, or all there is."""
    for name in ("output", "error"):
        if set(response) == {name}:
            said = response[name]
            text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
            return (cv.Text(text),), name == "error"
    return (cv.Text(msgspec.json.encode(response).decode()),) if response else (), False
