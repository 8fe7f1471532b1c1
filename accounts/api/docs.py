"""The page that shows the OpenAPI document to people: every operation with its scope and fields.

Made here on the server, so that it runs under our Content-Security-Policy and needs no script.
"""

import functools
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.api.declarations import ERRORS, REFUSALS
from accounts.api.schema import document
from accounts.web.pages import render_page


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or of a query."""

    name: str
    type: str
    is_required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    query: list[Field]
    body: list[Field]
    upload: list[str]  # media types of a body that is no JSON
    answer: list[Field]
    refusals: dict[str, list[str]]  # codes of its own, by status


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """For anybody, as the document itself."""
    context = {"groups": groups(), "errors": ERRORS}
    return render_page(request, "public/api.html", context)


@functools.cache
def groups() -> list[tuple[str, list[Shown]]]:
    """Operations by resource, in the order of their addresses."""
    told = document()
    found: dict[str, list[Shown]] = {}
    for path, methods in told["paths"].items():
        for method, each in methods.items():
            shown = _shown(told["components"]["schemas"], path, method, each)
            found.setdefault(each["tags"][0], []).append(shown)
    return list(found.items())


def _shown(schemas: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Shown:
    good = next(value for status, value in operation["responses"].items() if status[0] == "2")
    return Shown(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        query=[
            Field(
                each["name"],
                _type(each["schema"]),
                each.get("required", False),
                each.get("description", ""),
            )
            for each in operation.get("parameters", [])
            if each["in"] != "path"
        ],
        body=_fields(schemas, operation.get("requestBody", {})),
        upload=_media_types(operation.get("requestBody", {})),
        answer=_fields(schemas, good),
        refusals=operation.get(REFUSALS, {}),
    )


def _fields(schemas: dict[str, Any], carrier: dict[str, Any]) -> list[Field]:
    for content in carrier.get("content", {}).values():
        if "$ref" not in content["schema"]:
            continue
        schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
        required = schema.get("required", [])
        return [
            Field(name, _type(each), name in required, each.get("description", ""))
            for name, each in schema.get("properties", {}).items()
        ]
    return []


def _media_types(carrier: dict[str, Any]) -> list[str]:
    return [kind for kind in carrier.get("content", {}) if not kind.startswith("application/")]


def _type(schema: dict[str, Any]) -> str:
    """In a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return " | ".join(str(each) or '""' for each in schema["enum"] if each is not None)
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return " | ".join(_type(each) for each in schema[several])
    kinds = schema.get("type", "any")
    words = " | ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if "items" in schema:
        return f"{words} of {_type(schema['items'])}"
    return f"{words} ({schema['format']})" if "format" in schema else words
