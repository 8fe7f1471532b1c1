"""A responses request's input as turns of the common form.

Items of the assistant that follow each other (reasoning, words, function calls) are one turn, and
so are the outputs of functions. System and developer messages are gathered in front.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.data_urls import source_of
from relay.proxy.dialects.decoding import complaint, wrong
from relay.proxy.dialects.responses import fields, thoughts


@dataclass(slots=True)
class Turns:
    """Input as it is read."""

    system: list[cv.Text] = field(default_factory=list)
    messages: list[cv.Message] = field(default_factory=list)
    _open: list[cv.Part] = field(default_factory=list)
    _role: cv.Role | None = None  # whose items are gathered
    _at: str = ""

    def read(self, items: Sequence[msgspec.Raw]) -> None:
        """Read all items; raises ApiError naming what is wrong."""
        for number, raw in enumerate(items):
            self._item(raw, f"input[{number}]")
        self._close()

    def _item(self, raw: msgspec.Raw, at: str) -> None:
        try:
            kind = fields.peek.decode(raw).type or "message"
            decoder = fields.ITEMS.get(kind)
            if decoder is None:
                raise not_carried(f"{at}.type")
            item = decoder.decode(raw)
        except msgspec.ValidationError as error:
            raise complaint(str(error), at=at) from None
        match item:
            case fields.Message():
                self._message(item, at)
            case fields.FunctionCall():
                use = cv.ToolUse(item.call_id, item.name, item.arguments, at=at)
                self._add(cv.Role.ASSISTANT, use, at)
            case fields.FunctionOutput():
                parts = tuple(_result_parts(item.output, f"{at}.output"))
                self._add(cv.Role.USER, cv.ToolResult(item.call_id, parts, at=at), at)
            case fields.ReasoningItem():
                self._reasoning(item, at)

    def _message(self, message: fields.Message, at: str) -> None:
        parts = list(_parts(message.content, f"{at}.content"))
        if message.role in ("system", "developer"):
            texts = [part for part in parts if isinstance(part, cv.Text)]
            if len(texts) < len(parts):
                raise not_carried(f"{at}.content")
            self.system += texts
        elif message.role == "assistant":
            for part in parts:
                self._add(cv.Role.ASSISTANT, part, at)
        else:
            self._close()
            self.messages.append(cv.Message(cv.Role.USER, tuple(parts), at=at))

    def _reasoning(self, item: fields.ReasoningItem, at: str) -> None:
        shown = item.summary or item.content or []
        text = "\n\n".join([thought.text for thought in shown])
        thought = thoughts.parse(
            id=item.id or "", text=text, encrypted=item.encrypted_content or ""
        )
        if not isinstance(thought, str):
            self._add(cv.Role.ASSISTANT, replace(thought, at=at), at)
        elif self._open and isinstance(call := self._open[-1], cv.ToolUse):
            self._open[-1] = replace(call, signature=thought, origin="gemini")

    def _add(self, role: cv.Role, part: cv.Part, at: str) -> None:
        if self._role is not role:
            self._close()
            self._role, self._at = role, at
        self._open.append(part)

    def _close(self) -> None:
        if self._role is not None:
            self.messages.append(cv.Message(self._role, tuple(self._open), at=self._at))
        self._open, self._role = [], None


def _parts(content: str | list[fields.Content], at: str) -> Iterator[cv.Part]:
    if isinstance(content, str):
        yield cv.Text(content, at=at)
        return
    for number, part in enumerate(content):
        yield _part(part, f"{at}[{number}]")


def _result_parts(
    content: str | list[fields.InputText | fields.InputImage | fields.InputFile], at: str
) -> Iterator[cv.ResultPart]:
    if isinstance(content, str):
        yield cv.Text(content, at=at)
        return
    for number, part in enumerate(content):
        read = _part(part, f"{at}[{number}]")
        if isinstance(read, cv.Text | cv.Image | cv.Document):
            yield read


def _part(part: fields.Content, at: str) -> cv.Part:
    match part:
        case fields.InputText() | fields.OutputText():
            return cv.Text(part.text, at=at)
        case fields.RefusalPart():
            return cv.Refusal(part.refusal, at=at)
        case fields.InputImage():
            if part.image_url is None:
                raise wrong(f"{at}.image_url", "is required")
            url, data, media_type = source_of(part.image_url, f"{at}.image_url")
            return cv.Image(url, data, media_type, part.detail, at=at)
        case fields.InputFile():
            given = part.file_data or part.file_url
            if given is None:
                raise wrong(f"{at}.file_data", "is required")
            url, data, media_type = source_of(given, f"{at}.file_data")
            return cv.Document(url, data, None, media_type, part.filename, at=at)
