"""Typed reading of request bodies: what the decoder finds wrong becomes a refusal that names the
parameter. Knows no dialect.

Structs for translation forbid unknown fields: what is not understood cannot be carried over. A
field that is known but never carried is declared as `None`, so that only null is accepted.
"""

import re
from typing import TypeVar

import msgspec

from relay.proxy.causes import Cause
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.errors import ApiError

T = TypeVar("T")

NULL = msgspec.Raw(b"null")
_FINDING = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.S)
_BOUND = re.compile(r"^Expected `(?:int|float)` (?P<side>[<>]=) (?P<bound>-?\d+)(?:\.0)?$")
_FIELD = re.compile(r"field `([^`]*)`")
# No vendor sells more output in one answer (2026-11: 128k-384k); keeps arithmetic far from 2^53.
OUTPUT_TOKENS_MAX = 4_000_000
# What a decoder says of a value may quote it; more would only fill our answer.
DETAIL_CHARS_MAX = 200


def read(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode a request body; raises ApiError (400) that names what is wrong."""
    try:
        if not body.isascii():
            body.decode()  # the decoder skips over strings without checking their UTF-8
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise complaint(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError(Cause.INVALID_JSON) from None


def complaint(finding: str, *, at: str = "") -> ApiError:
    """The decoder's finding as a refusal; `at` is where the decoded value stands in the body."""
    found = _FINDING.match(finding)
    what, path = (found["what"], found["path"] or "") if found else (finding, "")
    path = joined(at, path)
    if (field := _FIELD.search(what)) is not None:
        name = joined(path, field[1])
        if what.startswith("Object contains unknown"):
            return not_carried(name)
        return ApiError(Cause.MISSING_PARAMETER, param=name, detail=name)
    if what.startswith("Expected `null`"):
        return not_carried(path)
    if (bound := _BOUND.match(what)) is not None:
        side = "at most" if bound["side"] == "<=" else "at least"
        return wrong(path or None, f"must be {side} {bound['bound']}")
    what = what.replace("`", "")[:DETAIL_CHARS_MAX]
    return wrong(path or None, what[:1].lower() + what[1:])


def wrong(param: str | None, why: str) -> ApiError:
    """A refusal (400) of a parameter's value."""
    return ApiError(Cause.BAD_REQUEST, param=param, detail=f"'{param}': {why}" if param else why)


def joined(path: str, name: str) -> str:
    """`name` below `path`, as callers write it."""
    return f"{path}.{name}" if path and name and name[0] != "[" else path + name


def whole_number(param: str, value: float | None, *, highest: int, lowest: int = 1) -> int | None:
    """A whole number in its range, or None; some clients write 1000.0. Raises ApiError."""
    if value is None:
        return None
    if value != int(value) or not lowest <= value <= highest:
        raise wrong(param, f"must be a whole number, {lowest} to {highest}")
    return int(value)


def output_cap(param: str, value: float | None, *, lowest: int = 1) -> int | None:
    """A cap on the tokens of output, or None. Raises ApiError."""
    return whole_number(param, value, lowest=lowest, highest=OUTPUT_TOKENS_MAX)


def is_object(raw: bytes | msgspec.Raw) -> bool:
    """Whether raw JSON is an object."""
    return bytes(raw).lstrip()[:1] == b"{"


def is_given(raw: bytes | msgspec.Raw) -> bool:
    """Whether raw JSON says anything: neither left out nor null."""
    return bytes(raw).strip() not in (b"", b"null")
