"""Signatures of the demo's thoughts, which it checks when they come back. Pure."""

import base64
import hashlib

_REDACTED = "ZGVtby1yZWRhY3RlZC0"  # base64 of "demo-redacted-"


def sign(thinking: str) -> str:
    """The signature of a thinking block's text."""
    digest = hashlib.sha256(b"demo upstream " + thinking.encode(errors="replace")).digest()
    return base64.b64encode(digest).decode()


def is_signed(thinking: str, signature: str) -> bool:
    """Whether the signature is ours, of this very text."""
    return signature == sign(thinking)


def redact(thinking: str) -> str:
    """The data of a redacted_thinking block."""
    return f"{_REDACTED}{sign(thinking)}"


def is_ours(data: str) -> bool:
    """Whether the data of a redacted_thinking block is the demo's."""
    return data.startswith(_REDACTED)
