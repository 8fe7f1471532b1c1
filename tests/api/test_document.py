"""The document tells of every operation what it does, for whom, and how it fails."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.api.declarations import ERRORS, REFUSALS
from accounts.api.schema import document
from accounts.models import Site


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, told in methods.items():
            yield f"{method.upper()} {path}", told


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, Any]]:
    return dict(operations())


def test_every_operation_says_what_it_does_and_for_whom(told: dict[str, dict[str, Any]]) -> None:
    said = {
        name: (each.get("summary", ""), each.get("description", "")) for name, each in told.items()
    }
    silent = {
        name
        for name, (summary, description) in said.items()
        if not 5 < len(summary) < 100
        or not re.search(r"Scope: `[a-z:]+`\. For [a-z: ,]+\.", description)
    }
    assert silent == set()
    assert len({each["operationId"] for each in told.values()}) == len(told)


def test_every_answer_is_described(told: dict[str, dict[str, Any]]) -> None:
    mute = {
        (name, status)
        for name, each in told.items()
        for status, answer in each["responses"].items()
        if not answer.get("description")
    }
    assert mute == set()


def test_every_operation_tells_how_it_fails(told: dict[str, dict[str, Any]]) -> None:
    for name, each in told.items():
        assert {str(status) for status in ERRORS} <= set(each["responses"]), name
        for status, codes in each.get(REFUSALS, {}).items():
            assert all(code in each["responses"][status]["description"] for code in codes), name


def test_fields_of_requests_are_typed(told: dict[str, dict[str, Any]]) -> None:
    schemas = document()["components"]["schemas"]
    vague = {
        (name, field)
        for name, schema in schemas.items()
        for field, about in schema.get("properties", {}).items()
        if not {"type", "$ref", "enum", "oneOf", "anyOf", "allOf"} & set(about)
    }
    assert vague == set()


def test_the_page_shows_each_of_them(client: Client, site: Site) -> None:
    page = client.get("/api/v1/docs").content.decode()
    missing = [name for name, each in operations() if f'id="{each["operationId"]}"' not in page]
    assert missing == []
    assert "<code>last_owner</code>" in page
    assert "`" not in re.sub(r"<[^>]*>", "", page.partition("<main")[2])
