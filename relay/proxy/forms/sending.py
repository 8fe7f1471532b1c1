"""A form on its way to an Upstream, under the Route's model name: framed anew, its files read from
the spool in pieces. Implements `upstream.port.Upload`.

Source: RFC 7578; names are escaped as the WHATWG HTML standard does ("Multipart form data"),
read 2026-11.
"""

import secrets
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from relay.proxy.forms.form import File, Form

# One piece is written at a time: as much as a connection holds for a slow peer anyway.
PIECE_BYTES = 64 * 1024

_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@dataclass(frozen=True, slots=True)
class FormUpload:
    """`segments` are bytes as they are, and files of the form."""

    form: Form
    boundary: str
    segments: tuple[bytes | File, ...]

    @property
    def content_type(self) -> bytes:
        """For the request's head."""
        return f"multipart/form-data; boundary={self.boundary}".encode()

    @property
    def size_bytes(self) -> int:
        """See `Upload.size_bytes`."""
        return sum(
            each.size_bytes if isinstance(each, File) else len(each) for each in self.segments
        )

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """See `Upload.pieces`."""
        for each in self.segments:
            if isinstance(each, bytes):
                yield each
                continue
            for offset in range(0, each.size_bytes, PIECE_BYTES):
                yield await self.form.read(each, offset, PIECE_BYTES)


def upload(form: Form, *, model: str, renames: Mapping[str, str]) -> FormUpload:
    """The form with `model` in place of the caller's, and fields as the vendor calls them."""
    boundary = "tollgate-" + secrets.token_hex(16)
    written: list[bytes | File] = [_text(boundary, renames.get("model", "model"), model)]
    for part in form.parts:
        name = renames.get(part.name, part.name)
        if isinstance(part, File):
            written += [_file_head(boundary, name, part), part, b"\r\n"]
        elif part.name != "model":
            written.append(_text(boundary, name, part.value))
    written.append(f"--{boundary}--\r\n".encode())
    return FormUpload(form, boundary, tuple(_joined(written)))


def _text(boundary: str, name: str, value: str) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_escaped(name)}"\r\n\r\n'
    return head.encode() + value.encode() + b"\r\n"


def _file_head(boundary: str, name: str, file: File) -> bytes:
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_escaped(name)}"; '
        f'filename="{_escaped(file.filename)}"\r\nContent-Type: {file.content_type}\r\n\r\n'
    ).encode()


def _escaped(name: str) -> str:
    return name.translate(_ESCAPES)


def _joined(segments: list[bytes | File]) -> list[bytes | File]:
    """Neighbours in one piece: a small form then leaves in few packets."""
    joined: list[bytes | File] = []
    for each in segments:
        if isinstance(each, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += each
        else:
            joined.append(each)
    return joined
