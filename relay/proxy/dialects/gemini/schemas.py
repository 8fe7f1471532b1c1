"""Google's own kind of schema (a part of OpenAPI 3.0) as JSON schema, which others take.

Source: Gemini API reference, "Schema", read 2026-11. The other way nothing is to do: Google
takes JSON schema in fields of its own.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

# Protobuf's int64 may come as text.
_COUNTS = frozenset(
    ("minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength")
)
_SPELLINGS = {
    "any_of": "anyOf",
    "property_ordering": "propertyOrdering",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "min_length": "minLength",
    "max_length": "maxLength",
}


def as_raw(schema: Any) -> msgspec.Raw:
    """A schema as the caller's bytes say it, but for blanks."""
    return msgspec.Raw(msgspec.json.encode(schema))


def json_schema(schema: Any) -> Any:
    """The JSON schema that says the same. Raises RecursionError on absurd depth."""
    if not isinstance(schema, Mapping):
        return schema
    given = {_SPELLINGS.get(str(k), str(k)): value for k, value in schema.items()}
    is_nullable = bool(given.pop("nullable", False))
    order = given.pop("propertyOrdering", None)
    example = given.pop("example", None)
    if given.get("format") == "enum":
        del given["format"]
    said = {name: _value(name, value) for name, value in given.items()}
    if example is not None:
        said["examples"] = [example]
    if isinstance(order, list) and isinstance(said.get("properties"), dict):
        said["properties"] = _ordered(said["properties"], order)
    return _nullable(said) if is_nullable else said


def _value(name: str, value: Any) -> Any:
    match name:
        case "type" if isinstance(value, str):
            return value.lower()
        case "properties" if isinstance(value, Mapping):
            return {key: json_schema(inner) for key, inner in value.items()}
        case "items":
            return json_schema(value)
        case "anyOf" if isinstance(value, list):
            return [json_schema(inner) for inner in value]
    return int(value) if name in _COUNTS and _is_digits(value) else value


def _is_digits(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit()


def _ordered(properties: dict[str, Any], order: list[Any]) -> dict[str, Any]:
    """The properties in the order that the model is to write them."""
    first = [name for name in order if isinstance(name, str) and name in properties]
    return {name: properties[name] for name in dict.fromkeys([*first, *properties])}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    elif isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema
