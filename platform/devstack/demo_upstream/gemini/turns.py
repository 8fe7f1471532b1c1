"""What Google refuses in the turns and schemas of a request. Raises Refusal 400; never answers."""

from typing import Any

from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.gemini.request import Content, GenerateRequest, Part
from devstack.demo_upstream.gemini.signatures import is_ours

_DATA = {
    "text": str,
    "inlineData": dict,
    "fileData": dict,
    "functionCall": dict,
    "functionResponse": dict,
    "executableCode": dict,
    "codeExecutionResult": dict,
}
_BESIDE = {"thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"}

# The OpenAPI subset of Schema; anything else is an unknown name to Google's parser.
_SCHEMA_NAMES = {
    *("type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems"),
    *("properties", "required", "minProperties", "maxProperties", "minLength", "maxLength"),
    *("pattern", "example", "anyOf", "propertyOrdering", "default", "items", "minimum", "maximum"),
}
_TYPES = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"}
_SCHEMA_DEPTH_MAX = 32  # Google's own bound on nesting


def check(request: GenerateRequest) -> None:
    """Refusal 400 for everything that a strict server would find."""
    if not request.contents:
        raise Refusal(400, "* GenerateContentRequest.contents: contents is not specified")
    calls = 0
    for number, content in enumerate(request.contents):
        at = f"contents[{number}]"
        if content.role not in (None, "user", "model", "function"):
            raise Refusal(400, "Please use a valid role: user, model.", param=f"{at}.role")
        if not content.parts:
            message = f"* GenerateContentRequest.{at}.parts: contents.parts must not be empty."
            raise Refusal(400, message)
        for index, part in enumerate(content.parts):
            _check_part(part, f"{at}.parts[{index}]")
        calls = _check_pairs(content, calls)
    if request.system_instruction is not None:
        for index, part in enumerate(request.system_instruction.parts):
            _check_part(part, f"system_instruction.parts[{index}]")
    _check_config(request)


def _check_part(part: Part, at: str) -> None:
    for name in part:
        if name not in _DATA and name not in _BESIDE:
            raise unknown_name(name, at)
    data = [name for name in part if name in _DATA]
    if len(data) > 1:
        raise Refusal(400, f"oneof field 'data' is already set. Cannot set '{data[1]}'", param=at)
    if not data:
        if part.get("thoughtSignature"):
            return  # an empty part that only brings its signature back
        message = f"* {at}.data: required oneof field 'data' must have one initialized field"
        raise Refusal(400, message)
    name, value = data[0], part[data[0]]
    if not isinstance(value, _DATA[name]):
        raise Refusal(400, f"(type) {value!r}", param=f"{at}.{name}")
    _check_data(name, value, f"{at}.{name}")
    signature = part.get("thoughtSignature")
    if signature is not None and not is_ours(signature):
        raise Refusal(400, "Corrupted thought signature.", param=f"{at}.thought_signature")


def _check_data(name: str, value: Any, at: str) -> None:
    needed: dict[str, dict[str, type]] = {
        "inlineData": {"mimeType": str, "data": str},
        "fileData": {"fileUri": str},
        "functionCall": {"name": str},
        "functionResponse": {"name": str, "response": dict},
    }
    for field, kind in needed.get(name, {}).items():
        if not value.get(field) and value.get(field) != {}:
            raise Refusal(400, f"{at}.{field}: cannot be empty.")
        if not isinstance(value[field], kind):
            raise Refusal(400, f"(type) {value[field]!r}", param=f"{at}.{field}")
    if name == "functionCall" and not isinstance(value.get("args", {}), dict):
        raise Refusal(400, f"(type) {value['args']!r}", param=f"{at}.args")


def _check_pairs(content: Content, calls: int) -> int:
    """As many results as there were calls, in the very next turn; returns this turn's calls."""
    results = sum("functionResponse" in part for part in content.parts)
    if results != calls:
        raise Refusal(
            400,
            "Please ensure that the number of function response parts is equal to the number of "
            "function call parts of the function call turn.",
        )
    made = sum("functionCall" in part for part in content.parts)
    if made and content.role != "model":
        message = "Please ensure that function call turn comes immediately after a user turn."
        raise Refusal(400, message)
    return made


def _check_config(request: GenerateRequest) -> None:
    config = request.generation_config
    if config.schema() is not None and config.response_mime_type in (None, "text/plain"):
        message = "* GenerateContentRequest.generation_config.response_schema: only allowed when "
        raise Refusal(400, message + "response_mime_type is application/json or text/x.enum")
    if config.logprobs is not None and not config.response_logprobs:
        raise Refusal(400, "Logprobs is only allowed when response_logprobs is true.")
    if config.response_schema is not None:
        _check_schema(config.response_schema, "generation_config.response_schema", 0)
    for number, declaration in enumerate(request.declarations()):
        at = f"tools[0].function_declarations[{number}].parameters"
        if declaration.parameters is not None and declaration.parameters_json_schema is not None:
            raise Refusal(400, "parameters and parameters_json_schema exclude each other", param=at)
        if declaration.parameters is not None:
            _check_schema(declaration.parameters, at, 0)


def _check_schema(schema: Any, at: str, depth: int) -> None:
    if not isinstance(schema, dict) or depth > _SCHEMA_DEPTH_MAX:
        raise Refusal(400, "(type) not a Schema, or one too deep", param=at)
    for name in schema:
        if name not in _SCHEMA_NAMES:
            raise unknown_name(name, at)
    kind = schema.get("type")
    if kind is not None and (not isinstance(kind, str) or kind.upper() not in _TYPES):
        raise Refusal(400, f"(type) {kind!r}", param=f"{at}.type")
    for name, inner in (schema.get("properties") or {}).items():
        _check_schema(inner, f"{at}.properties[{name}]", depth + 1)
    if schema.get("items") is not None:
        _check_schema(schema["items"], f"{at}.items", depth + 1)
    for number, inner in enumerate(schema.get("anyOf") or ()):
        _check_schema(inner, f"{at}.any_of[{number}]", depth + 1)


def unknown_name(name: str, at: str) -> Refusal:
    """What Google's JSON parser says of a name that it does not know."""
    message = (
        f"Invalid JSON payload received. Unknown name \"{name}\" at '{at}': Cannot find field."
    )
    return Refusal(400, message)
