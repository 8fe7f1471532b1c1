"""The documents' parameter rows as cases: values that pass through, and values that are refused."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter's row at `line`. A refusal names the parameter, or the path given beside."""

    line: int
    name: str
    passes: tuple[Any, ...] = ()
    refused: tuple[Any, ...] = ()
    at: Mapping[int, str] = field(default_factory=dict)  # where the n-th refused value is wrong


def passing(rows: Iterable[Row]) -> list[Any]:
    """(name, value) for every value that is in order."""
    return [
        pytest.param(row.name, value, id=_id(row, value, number))
        for row in rows
        for number, value in enumerate(row.passes)
    ]


def refused(rows: Iterable[Row]) -> list[Any]:
    """(name, value, param) for every value that is out of order."""
    return [
        pytest.param(row.name, value, row.at.get(number, row.name), id=_id(row, value, number))
        for row in rows
        for number, value in enumerate(row.refused)
    ]


def chunks(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """The events of a stream, `[DONE]` left out."""
    for line in answer.text.splitlines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line[6:])


def mistyped(document: Mapping[str, Any], types: Mapping[str, type]) -> list[str]:
    """The fields of a document's table that are missing or of another type."""
    return [name for name, type_ in types.items() if not isinstance(document.get(name), type_)]


def error_of(answer: httpx.Response) -> tuple[int, str, str, str | None]:
    """(status, type, code, param) of a refusal."""
    error = answer.json()["error"]
    return answer.status_code, error["type"], error["code"], error["param"]


def message_of(answer: httpx.Response) -> str:
    """What a refusal says."""
    message: str = answer.json()["error"]["message"]
    return message


def _id(row: Row, value: Any, number: int) -> str:
    """The line, the parameter, and the value where it is no structure."""
    shown = f"case-{number}" if isinstance(value, list | dict) else repr(value)[:24]
    return f"L{row.line}-{row.name}-{shown}"
