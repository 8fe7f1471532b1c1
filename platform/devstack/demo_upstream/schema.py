"""Plausible values for a JSON Schema: enough of it for tools and JSON mode. Pure, bounded."""

import re
from typing import Any

DEPTH_MAX = 16  # a schema that refers to itself ends here
ITEMS_MAX = 100
VALUES_MAX = 10_000  # in all: nested arrays and references multiply
STRING_MAX = 1000

# A proper noun in the middle of a sentence is the likeliest argument: "the weather in Paris".
_PROPER_NOUN = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")

_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "12:00:00",
    "email": "demo@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class Filler:
    """Fills one schema from one prompt; the same input gives the same value."""

    def __init__(self, schema: dict[str, Any], prompt: str) -> None:
        self._root = schema
        noun = _PROPER_NOUN.search(prompt)
        self._noun = None if noun is None else noun.group()
        self._values_left = VALUES_MAX

    def value(self) -> Any:
        """A value that the schema accepts, as far as the keywords understood here can tell."""
        return self._fill(self._root, "value", 0)

    def _fill(self, schema: Any, name: str, depth: int) -> Any:
        self._values_left -= 1
        if not isinstance(schema, dict) or depth > DEPTH_MAX or self._values_left < 0:
            return None
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        inner = self._inner(schema)
        if inner is not None:
            return self._fill(inner, name, depth + 1)
        return self._by_type(schema, name, depth)

    def _inner(self, schema: dict[str, Any]) -> Any:
        """The schema that stands in for this one: its $ref, or the first of its alternatives."""
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            found: Any = self._root
            for step in reference.lstrip("#/").split("/") if reference != "#" else ():
                found = found.get(step) if isinstance(found, dict) else None
            return found
        alternatives = next((schema[k] for k in ("anyOf", "oneOf", "allOf") if schema.get(k)), None)
        return alternatives[0] if isinstance(alternatives, list) else None

    def _by_type(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = kind[0] if kind else "null"
        kind = str(kind).lower()  # Google writes STRING
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            length = min(max(_whole(schema.get("minItems")), 1), ITEMS_MAX)
            return [self._fill(schema.get("items", {}), name, depth + 1) for _ in range(length)]
        if kind in ("integer", "number"):
            return _number(schema)
        if kind == "boolean":
            return True
        return None if kind == "null" else self._string(schema, name)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        if not isinstance(properties, dict):
            return {}
        required = schema.get("required")
        names = [str(name) for name in required] if isinstance(required, list) else []
        return {name: self._fill(properties.get(name, {}), name, depth + 1) for name in names}

    def _string(self, schema: dict[str, Any], name: str) -> str:
        known = _FORMATS.get(str(schema.get("format")))
        if known is not None:
            return known
        text = self._noun or f"demo {name}"
        least = min(_whole(schema.get("minLength")), STRING_MAX)
        most = min(_whole(schema.get("maxLength"), STRING_MAX), STRING_MAX)
        return text.ljust(least, ".")[:most]


def _whole(value: Any, default: int = 0) -> int:
    return value if isinstance(value, int) else default


def _number(schema: dict[str, Any]) -> int:
    """The smallest allowed whole number from 1 up, else the largest allowed below it."""
    least = max(_whole(schema.get("minimum"), 1), _whole(schema.get("exclusiveMinimum"), 0) + 1)
    most = min(
        _whole(schema.get("maximum"), least), _whole(schema.get("exclusiveMaximum"), least + 1) - 1
    )
    return min(least, most)
