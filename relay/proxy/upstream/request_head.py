"""Request heads as bytes. Pure; the one place that decides what may stand in a request line or a
header, so that nothing from a caller can start a second header or a second request."""

import re
from collections.abc import Sequence

from relay.proxy.upstream.port import HeaderBlock, Origin

# RFC 9110 section 5.6.2 (token) and 5.5 (field value, here without obs-text's controls).
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t -~\x80-\xff]*")
_METHOD = re.compile(rb"[A-Z]{3,7}")
# RFC 3986: visible ASCII. A fragment never travels; a space would end the request target.
_PATH = re.compile(r"/[!\"$-~]*")

# The client frames the message and owns the connection; a caller's word on either would let the
# two ends disagree on where a request ends (request smuggling).
OWNED_NAMES = frozenset(
    b"host content-length transfer-encoding connection keep-alive"
    b" proxy-connection upgrade te trailer expect".split()
)
_LENGTH_ALWAYS = frozenset((b"POST", b"PUT", b"PATCH"))


def header_block(headers: Sequence[tuple[bytes, bytes]]) -> HeaderBlock:
    """Check the headers and join them; compute once per Upstream and credential where possible.

    ValueError for a malformed name or value (line breaks above all) and for names that the client
    owns. The message names the header, never its value.
    """
    lines: list[bytes] = []
    for name, value in headers:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a header name: {name!r}")
        if name.lower() in OWNED_NAMES:
            raise ValueError(f"header set by the client itself: {name!r}")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"header value with control characters: {name!r}")
        lines.append(b"%b: %b\r\n" % (name, value))
    return HeaderBlock(b"".join(lines))


def request_head(
    origin: Origin,
    method: bytes,
    path: str,
    headers: HeaderBlock | Sequence[tuple[bytes, bytes]],
    *,
    body_bytes: int,
) -> bytes:
    """The head of one request up to and with its empty line; ValueError if it were not just one.

    A ready block is trusted line by line (its type says where it comes from) but still may not
    end the head early.
    """
    if not _METHOD.fullmatch(method):
        raise ValueError("not a request method")
    if not _PATH.fullmatch(path):
        raise ValueError("request path: must start with / and hold only visible ASCII, no #")
    block: bytes = headers if isinstance(headers, bytes) else header_block(headers)
    if block and (not block.endswith(b"\r\n") or block.startswith(b"\r\n") or b"\r\n\r\n" in block):
        raise ValueError("header block: not whole lines")
    line = f" {origin.base_path}{path} HTTP/1.1\r\nHost: {origin.authority}\r\n".encode("ascii")
    if body_bytes or method in _LENGTH_ALWAYS:
        return b"%b%b%bContent-Length: %d\r\n\r\n" % (method, line, block, body_bytes)
    return b"%b%b%b\r\n" % (method, line, block)
