"""The `audio` of a spoken answer: silence of a fitting length, and what it would say. Pure."""

import base64
from typing import Any

AUDIO_ID = "audio_demo"
AUDIO_EXPIRES_AT = 1_798_761_600  # 2027-01-01: fixed, so that equal answers are equal
_BYTES_PER_CHARACTER = 4


def spoken(text: str) -> dict[str, Any]:
    """The whole `message.audio`."""
    return {
        "id": AUDIO_ID,
        "data": silence(text),
        "expires_at": AUDIO_EXPIRES_AT,
        "transcript": text,
    }


def silence(text: str) -> str:
    """Base64 of as many zero bytes as the text is worth."""
    return base64.b64encode(bytes(len(text) * _BYTES_PER_CHARACTER)).decode()
