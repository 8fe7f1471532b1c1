"""How callers spell a Gemini request. Google's endpoints read protobuf's JSON: names in camelCase
or as_in_the_proto, and a lone value where a list is meant. Here it becomes one spelling.

Source: Protocol Buffers, "ProtoJSON format"; both spellings stand in Google's own examples of
the Gemini API, read 2026-11. What is the caller's own (arguments, schemas) is left as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from relay.proxy.causes import Cause
from relay.proxy.dialects.decoding import complaint, wrong
from relay.proxy.errors import ApiError

T = TypeVar("T")

# Their values hold names of the caller's own.
_OPAQUE = frozenset(
    (
        "args",
        "response",
        "parameters",
        "parametersJsonSchema",
        "responseSchema",
        "responseJsonSchema",
        "_responseJsonSchema",
        "labels",
    )
)
_REPEATED = frozenset(
    (
        "contents",
        "parts",
        "tools",
        "functionDeclarations",
        "safetySettings",
        "allowedFunctionNames",
        "stopSequences",
        "responseModalities",
        "requests",
    )
)
_QUOTED = re.compile(r"`([^`]*)`")
_NAME = re.compile(r"\w+")


@dataclass(slots=True)
class Spelling:
    """The caller's own spelling of what they spelt otherwise than in camelCase."""

    written: dict[str, str] = field(default_factory=dict)

    def path(self, camel: str) -> str:
        """A path as the caller wrote it."""
        return _NAME.sub(lambda name: self.written.get(name[0], name[0]), camel)

    def camel(self, name: str) -> str:
        """The name in camelCase; takes note where it was spelt otherwise."""
        first, *rest = name[1:].split("_")
        if not rest:
            return name
        spelt = name[:1] + first + "".join([word[:1].upper() + word[1:] for word in rest])
        self.written[spelt] = name
        return spelt

    def straightened(self, value: Any) -> Any:
        """The value in one spelling."""
        if isinstance(value, list):
            return [self.straightened(item) for item in value]
        if not isinstance(value, dict):
            return value
        fields: dict[str, Any] = {}
        for name, inner in value.items():
            spelt = self.camel(name)
            kept = inner if spelt in _OPAQUE else self.straightened(inner)
            is_lone = spelt in _REPEATED and kept is not None and not isinstance(kept, list)
            fields[spelt] = [kept] if is_lone else kept
        return fields


def read(kind: type[T], body: bytes) -> tuple[T, Spelling]:
    """Decode a request body. Raises ApiError (400) that names what is wrong as the caller did."""
    spelling = Spelling()
    try:
        if not body.isascii():
            body.decode()  # the decoder skips over strings without checking their UTF-8
        given = msgspec.json.decode(body)
        if not isinstance(given, Mapping):
            raise wrong(None, "the body must be a JSON object")
        return msgspec.convert(spelling.straightened(given), kind), spelling
    except msgspec.ValidationError as error:
        finding = _QUOTED.sub(lambda found: f"`{spelling.path(found[1])}`", str(error))
        raise complaint(finding) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError(Cause.INVALID_JSON) from None
