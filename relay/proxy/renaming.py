"""The upstream's own model name in an answer becomes the public one, by bytes."""

import re

import msgspec


class Renaming:
    """Worked out once per Route. Inside JSON a quote in text is escaped, so only keys match."""

    __slots__ = ("_pattern", "_replacement")

    def __init__(self, upstream_name: str, public_name: str) -> None:
        quoted = re.escape(msgspec.json.encode(upstream_name))
        self._pattern = re.compile(rb'("model(?:Version)?"\s*:\s*)' + quoted)
        self._replacement = rb"\1" + msgspec.json.encode(public_name).replace(b"\\", b"\\\\")

    def apply(self, data: bytes) -> bytes:
        """`data` with every `"model": "<upstream's>"` renamed, and Google's `modelVersion`."""
        return self._pattern.sub(self._replacement, data)
