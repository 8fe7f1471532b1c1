"""`encrypted_content` of reasoning items, which the demo knows again. Pure."""

import base64
import zlib

_OURS = base64.b64encode(b"demo-encrypted-").decode()  # 15 bytes: no padding, so a true prefix


def encrypt(thought: str) -> str:
    """The content of a reasoning item that only we can read; in truth, its checksum."""
    return _OURS + base64.b64encode(b"%08x" % zlib.crc32(thought.encode())).decode()


def is_ours(sealed: object) -> bool:
    """Whether the demo made it."""
    return isinstance(sealed, str) and sealed.startswith(_OURS)
