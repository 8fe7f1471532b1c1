"""The upstream's own model name in an answer becomes the public one, by bytes. An upstream may
answer under another name than it was asked by: of a snapshot, a deployment, or a file on its disk.
"""

import re
from collections.abc import Iterator

import msgspec

from relay.proxy import sse

# Names that an upstream told and that are kept; it needs one or two, and may not fill our memory.
TOLD_MAX = 16
_NONE = msgspec.Raw(b"")
_MENTION = re.compile(rb'"model(?:Version)?"\s*:')


class _Named(msgspec.Struct):
    model: msgspec.Raw = _NONE


class _Answer(msgspec.Struct):
    """Where answers and events of any dialect name their model."""

    model: msgspec.Raw = _NONE
    modelVersion: msgspec.Raw = _NONE
    message: _Named | None = None
    response: _Named | None = None


_answer = msgspec.json.Decoder(_Answer)


class Renaming:
    """Worked out once per Route. Inside JSON a quote in text is escaped, so only keys match."""

    __slots__ = ("_names", "_pattern", "_public", "_replacement", "_told")

    def __init__(self, upstream_name: str, public_name: str) -> None:
        self._public = msgspec.json.encode(public_name)
        self._replacement = rb"\1" + self._public.replace(b"\\", b"\\\\")
        self._told: dict[bytes, Renaming] = {}
        self._set((msgspec.json.encode(upstream_name),))

    def apply(self, data: bytes) -> bytes:
        """`data` with every `"model": "<upstream's>"` renamed, and Google's `modelVersion`."""
        return self._pattern.sub(self._replacement, data)

    def whole(self, body: bytes) -> bytes:
        """The same of a whole answer, by the name that it tells as well."""
        return (self._learned([body]) or self).apply(body)

    def learned(self, block: bytes) -> "Renaming | None":
        """What renames the stream that `block` is of; None while it has told no name."""
        if _MENTION.search(block) is None:
            return None
        return self._learned(_documents(block))

    def _learned(self, documents: "Iterator[bytes] | list[bytes]") -> "Renaming | None":
        for document in documents:
            told = _told(document)
            if told in self._names or told == self._public:
                return self
            if told:
                return self._with(told)
        return None

    def _with(self, told: bytes) -> "Renaming":
        found = self._told.get(told)
        if found is None:
            found = object.__new__(Renaming)
            found._public, found._replacement, found._told = self._public, self._replacement, {}
            found._set((*self._names, told))
            if len(self._told) < TOLD_MAX:
                self._told[told] = found
        return found

    def _set(self, names: tuple[bytes, ...]) -> None:
        self._names = names
        quoted = b"|".join([re.escape(name) for name in names])
        self._pattern = re.compile(rb'("model(?:Version)?"\s*:\s*)(?:' + quoted + rb")")


def _documents(block: bytes) -> Iterator[bytes]:
    """What the frames of a block hold; of a JSON array, its elements."""
    for frame in sse.frames(block):
        if _MENTION.search(frame) is not None:
            yield sse.data_of(frame) or frame.strip(b"[], \r\n")


def _told(document: bytes) -> bytes:
    """The name, in quotes and as it is spelled there; b"" for none."""
    try:
        given = _answer.decode(document)
    except (msgspec.DecodeError, RecursionError):
        return b""
    inner = [each.model for each in (given.message, given.response) if each is not None]
    names = [bytes(each) for each in (given.model, given.modelVersion, *inner)]
    return next((name for name in names if len(name) > 2 and name.startswith(b'"')), b"")
