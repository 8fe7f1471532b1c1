"""Reads the body of a request: JSON, bounded, and nothing that a database could not keep."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from accounts.api.problems import Problem

# The biggest thing that is sent is a price with all its tiers and kinds of images: some kilobytes.
BODY_BYTES_MAX = 256 * 1024


class JsonParser(BaseParser):
    """Strict JSON in UTF-8; 413 over BODY_BYTES_MAX, 400 for what is no JSON."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = stream.read(BODY_BYTES_MAX + 1)
        if len(raw) > BODY_BYTES_MAX:
            raise Problem(413, "body_too_large", f"A body is at most {BODY_BYTES_MAX} bytes.")
        try:
            data = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
            # Lone halves of surrogate pairs are JSON, but no text that Postgres has.
            json.dumps(data, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not valid JSON in UTF-8.") from error
        return data


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
