"""Google's JSON takes every name in snake_case as well; here it becomes lowerCamelCase. Pure."""

import re
from typing import Any

# Below these the names are the caller's own.
_FOREIGN = {
    "args",
    "response",
    "parameters",
    "parametersJsonSchema",
    "responseSchema",
    "responseJsonSchema",
}
_UNDERSCORE = re.compile(r"_([a-z])")


def camel(value: Any) -> Any:
    """The value with Google's own names in lowerCamelCase."""
    if isinstance(value, list):
        return [camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    renamed: dict[str, Any] = {}
    for key, each in value.items():
        name = _UNDERSCORE.sub(lambda found: found[1].upper(), key)
        renamed[name] = each if name in _FOREIGN else camel(each)
    return renamed
