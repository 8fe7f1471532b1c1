"""Values made up for a JSON Schema fit it, and no schema makes the demo upstream work for long."""

from typing import Any

import pytest

from devstack.demo_upstream.schema import DEPTH_MAX, VALUES_MAX, Filler


def fill(schema: dict[str, Any], prompt: str = "the weather in Paris") -> Any:
    return Filler(schema, prompt).value()


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 7}, 7),
        ({"enum": ["low", "high"]}, "low"),
        ({"type": "string"}, "Paris"),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "string", "minLength": 7}, "Paris.."),
        ({"type": "string", "maxLength": 2}, "Pa"),
        ({"type": ["null", "string"]}, None),
        ({"type": "boolean"}, True),
        ({"type": "integer", "minimum": 3, "maximum": 9}, 3),
        ({"type": "integer", "maximum": -2}, -2),
        ({"type": "number", "exclusiveMinimum": 4}, 5),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 1}),
    ],
)
def test_value_fits_the_schema(schema: dict[str, Any], value: Any) -> None:
    assert fill(schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {}}, "required": 7},
        {"type": "object", "properties": 7},
        {"type": "array", "items": [1]},
        {"$ref": "#/no/where"},
        {"anyOf": {}},
        {"type": 7},
    ],
)
def test_broken_schema_does_no_harm(schema: dict[str, Any]) -> None:
    assert depth(fill(schema)) <= 2


def test_schema_that_refers_to_itself_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert depth(fill(node)) <= DEPTH_MAX + 1


def test_nested_arrays_are_bounded_in_all() -> None:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(DEPTH_MAX):
        schema = {"type": "array", "minItems": 100, "items": schema}
    assert count(fill(schema)) < 2 * VALUES_MAX


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((depth(inner) for inner in value.values()), default=0)
    return 0


def count(value: Any) -> int:
    return 1 + sum(count(inner) for inner in value) if isinstance(value, list) else 1
