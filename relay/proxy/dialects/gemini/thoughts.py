"""Thought signatures in Gemini's parts, Google's own and those of other vendors.

Google's field holds bytes, which its clients decode and encode again (in either alphabet): a
foreign signature is therefore wrapped in base64, with whose it is inside. Source: Gemini API,
"Thought signatures", read 2026-11.
"""

import binascii
from base64 import b64encode, urlsafe_b64decode
from typing import NamedTuple

DIALECT = "gemini"
# Opens what we wrapped; Google's own signatures are protobuf and never begin like this.
_MARK = "tollgate:"
_REDACTED = "redacted"


class Signature(NamedTuple):
    """A signature as its vendor made it, and whose it is."""

    value: str
    origin: str
    item_id: str = ""
    is_redacted: bool = False  # there is no readable reasoning beside it


def sealed(value: str, *, origin: str, item_id: str = "", is_redacted: bool = False) -> str:
    """What the client gets for a signature; "" for none."""
    if not value and not item_id:
        return ""
    if origin in ("", DIALECT):
        return value
    kind = _REDACTED if is_redacted else ""
    return b64encode(f"{_MARK}{origin}:{kind}:{item_id}#{value}".encode()).decode()


def unsealed(given: str) -> Signature:
    """The signature that a client sent back."""
    head, mark, value = _text(given).removeprefix(_MARK).partition("#")
    if not mark or head.count(":") < 2 or not _text(given).startswith(_MARK):
        return Signature(given, DIALECT if given else "")
    origin, kind, item_id = head.split(":", 2)
    return Signature(value, origin, item_id, kind == _REDACTED)


def _text(given: str) -> str:
    try:
        return urlsafe_b64decode(standard(given, "-_")).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return ""


def standard(data: str, alphabet: str = "+/") -> str:
    """Base64 in one alphabet, padded; Google takes both, other vendors one."""
    plain = data.translate(str.maketrans("+/-_", alphabet * 2)).rstrip("=")
    return plain + "=" * (-len(plain) % 4)
