"""Forms on the wire, written apart from the product."""

from collections.abc import Mapping, Sequence

BOUNDARY = "frontier"
Files = Sequence[tuple[str, str, bytes]]  # name, file name, content


def form(fields: Mapping[str, str | Sequence[str]] | None = None, files: Files = ()) -> bytes:
    """A body with these fields and files, in this order."""
    parts = []
    for name, values in (fields or {}).items():
        for value in [values] if isinstance(values, str) else values:
            parts.append(part(f'form-data; name="{name}"', value.encode()))
    for name, filename, content in files:
        head = f'form-data; name="{name}"; filename="{filename}"'
        parts.append(part(head, content, "Content-Type: application/x-test\r\n"))
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def part(disposition: str, content: bytes, more: str = "") -> bytes:
    """One part, with the boundary before it."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{more}\r\n"
    return head.encode() + content + b"\r\n"


def content_type(boundary: str = BOUNDARY) -> str:
    """The header that goes with it."""
    return f"multipart/form-data; boundary={boundary}"
