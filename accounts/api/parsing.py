"""Reads the body of a request: JSON or a picture, bounded, and nothing that a database could not
keep."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from accounts import images
from accounts.api.problems import Problem

# The biggest thing that is sent is a legal text: 100,000 characters, of six bytes each where a
# writer of JSON escapes every one of them.
BODY_BYTES_MAX = 640 * 1024


class JsonParser(BaseParser):
    """Strict JSON in UTF-8; 413 over BODY_BYTES_MAX, 400 for what is no JSON."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = _read(stream, BODY_BYTES_MAX)
        try:
            data = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
            # Lone halves of surrogate pairs are JSON, but no text that Postgres has.
            json.dumps(data, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not valid JSON in UTF-8.") from error
        return data


class PictureParser(BaseParser):
    """The bytes of one picture, as they are; what they are worth `images.encode_logo` says."""

    media_type = "image/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return _read(stream, images.BYTES_MAX)


def _read(stream: IO[Any], bytes_max: int) -> bytes:
    raw: bytes = stream.read(bytes_max + 1)
    if len(raw) > bytes_max:
        raise Problem(413, "body_too_large", f"A body is at most {bytes_max} bytes.")
    return raw


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
