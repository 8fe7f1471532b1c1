"""Thought signatures of the demo's, which it knows again when they come back. Pure."""

import base64
import zlib

_OURS = base64.b64encode(b"demo-signature-").decode()  # 15 bytes: no padding, so a true prefix
# Documented by Google for calls that another model made.
_SKIPPING = {"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"}


def sign(text: str) -> str:
    """The signature of a thought or a call."""
    return _OURS + base64.b64encode(b"%08x" % zlib.crc32(text.encode(errors="replace"))).decode()


def is_ours(signature: object) -> bool:
    """Whether the demo made it, or the caller asks not to be checked."""
    return isinstance(signature, str) and (
        signature.startswith(_OURS) or signature in _SKIPPING or _unpacked(signature) in _SKIPPING
    )


def _unpacked(signature: str) -> str:
    """Bytes travel in base64, but the documented words are short enough to be sent either way."""
    try:
        return base64.b64decode(signature, validate=True).decode()
    except ValueError:
        return ""
