"""A form that was received in full: its texts and files in their order. Owns its spool; knows
neither how it came nor where it goes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from relay.proxy.forms.spool import Spool

MODEL = "model"  # the field that names it, at every endpoint


@dataclass(frozen=True, slots=True)
class Text:
    """A field."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class File:
    """A file: a stretch of the form's spool. `filename` and `content_type` are the caller's."""

    name: str
    filename: str
    content_type: str
    offset: int
    size_bytes: int


@dataclass(slots=True)
class Form:
    """Whoever gets it calls `close` in a `finally`."""

    parts: list[Text | File] = field(default_factory=list)
    spool: Spool = field(default_factory=Spool)

    def texts(self) -> dict[str, str | list[str]]:
        """The fields by name, the last of each; those named `x[]` as lists under `x`."""
        found: dict[str, str | list[str]] = {}
        for part in self.parts:
            if not isinstance(part, Text):
                continue
            name = part.name.removesuffix("[]")
            if name == part.name:
                found[name] = part.value
                continue
            listed = found.setdefault(name, [])
            if isinstance(listed, list):
                listed.append(part.value)
        return found

    def asking(self, model: str) -> "Form":
        """The same, put to another model; whoever closes one of them closes both."""
        rest = [part for part in self.parts if not (isinstance(part, Text) and part.name == MODEL)]
        return Form([Text(MODEL, model), *rest], self.spool)

    def text_bytes(self) -> int:
        """How long the fields' values are together, as UTF-8."""
        return sum(len(part.value.encode()) for part in self.parts if isinstance(part, Text))

    def files(self, *names: str) -> Sequence[File]:
        """The files under any of these names, `name[]` included, in their order."""
        return [file for file in self._files() if file.name.removesuffix("[]") in names]

    async def read(self, file: File, offset: int, size_bytes: int) -> bytes:
        """A stretch of a file, shorter where the file ends."""
        left_bytes = max(0, file.size_bytes - offset)
        return await self.spool.read(file.offset + offset, min(size_bytes, left_bytes))

    def close(self) -> None:
        """Let go of the files. Idempotent."""
        self.spool.close()

    def _files(self) -> Iterator[File]:
        return (part for part in self.parts if isinstance(part, File))
