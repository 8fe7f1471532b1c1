"""Reading multipart/form-data. Pure; the whole body is in memory, bounded by `asgi`."""

import re
from dataclasses import dataclass
from typing import Any

from devstack.demo_upstream.errors import Refusal

FIELDS_MAX = 100  # the richest request has some twenty

_BOUNDARY = re.compile(r'boundary="?([^";]{1,70})"?')
_NAME = re.compile(rb'[; ]name="([^"]*)"')
_FILENAME = re.compile(rb'filename="([^"]*)"')


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """`fields` hold texts, the last of each name; `lists` those whose name ends in []."""

    fields: dict[str, str]
    lists: dict[str, list[str]]
    files: dict[str, list[File]]

    def one_file(self, name: str) -> File:
        """The file of that name; Refusal 400 without one."""
        found = self.files.get(name) or self.files.get(f"{name}[]")
        if not found:
            message = f"Missing required parameter: '{name}'."
            raise Refusal(400, message, code="missing_required_parameter", param=name)
        return found[0]

    def values(self) -> dict[str, Any]:
        """Texts and lists, for a Struct that reads numbers and truths from strings."""
        return {**self.fields, **self.lists}


def read(content_type: str, body: bytes) -> Form:
    """The form; Refusal 400 when there is none."""
    found = _BOUNDARY.search(content_type)
    if not content_type.startswith("multipart/form-data") or found is None:
        raise Refusal(400, "Expected multipart/form-data with a boundary.")
    form = Form({}, {}, {})
    delimiter = b"--" + found[1].encode()
    parts = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if len(parts) < 2 or not parts[-1].startswith(b"--") or len(parts) > FIELDS_MAX + 2:
        raise Refusal(400, "The multipart body is broken, or has too many fields.")
    for part in parts[1:-1]:
        _add(form, part)
    return form


def _add(form: Form, part: bytes) -> None:
    head, separator, data = part.partition(b"\r\n\r\n")
    name = _NAME.search(head)
    if not separator or name is None:
        raise Refusal(400, "A part of the multipart body has no name.")
    key = name[1].decode(errors="replace")
    filename = _FILENAME.search(head)
    if filename is not None:
        file = File(filename[1].decode(errors="replace"), data)
        form.files.setdefault(key, []).append(file)
    elif key.endswith("[]"):
        form.lists.setdefault(key.removesuffix("[]"), []).append(data.decode(errors="replace"))
    else:
        form.fields[key] = data.decode(errors="replace")
