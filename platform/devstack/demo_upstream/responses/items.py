"""The items of a Responses request, and what OpenAI refuses in them. Never answers.

Source: OpenAI API reference, "Create a model response", `input`, read 2026-11.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from devstack.demo_upstream import tokens
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.responses.thoughts import is_ours

Item = dict[str, Any]

_ROLES = {"user", "assistant", "system", "developer"}
_INPUT_PARTS: Mapping[str, str | None] = {
    "input_text": "text",
    "input_image": None,
    "input_file": None,
    "input_audio": None,
}
_OUTPUT_PARTS: Mapping[str, str | None] = {"output_text": "text", "refusal": "refusal"}
_SOURCES = {
    "input_image": ("image_url", "file_id"),
    "input_file": ("file_id", "file_data", "file_url"),
    "input_audio": ("input_audio",),
}
# Items of OpenAI's own tools: taken as they are.
_HOSTED_ENDINGS = ("_call", "_call_output", "_list_tools", "_approval_request", "_response")


def check(items: list[Item]) -> None:
    """Refusal 400 for an odd item, a result without a call, or a call without a result."""
    for number, item in enumerate(items):
        kind = item.get("type", "message")
        at = f"input[{number}]"
        check_item = _CHECKS.get(kind)
        if check_item is not None:
            check_item(item, at)
        elif not str(kind).endswith(_HOSTED_ENDINGS):
            raise Refusal(400, f"Invalid value: '{kind}'.", code="invalid_value", param=at)
    _check_pairs(items)
    if items and items[-1].get("type") == "reasoning":
        message = "was provided without its required following item."
        identifier = items[-1].get("id")
        raise Refusal(400, f"Item '{identifier}' of type 'reasoning' {message}", param="input")


def _check_pairs(items: list[Item]) -> None:
    calls: list[str] = []
    for item in items:
        if item.get("type") == "function_call":
            calls.append(item["call_id"])
        elif item.get("type") == "function_call_output":
            identifier = item["call_id"]
            if identifier not in calls:
                message = "No tool call found for function call output with call_id"
                raise Refusal(400, f"{message} {identifier}.", param="input")
            calls.remove(identifier)
    if calls:
        message = f"No tool output found for function call {calls[0]}."
        raise Refusal(400, message, param="input")


def _need(item: Item, name: str, kind: type | tuple[type, ...], at: str) -> Any:
    if name not in item:
        message = f"Missing required parameter: '{at}.{name}'."
        raise Refusal(400, message, code="missing_required_parameter", param=f"{at}.{name}")
    if not isinstance(item[name], kind):
        message = f"Invalid type for '{at}.{name}'."
        raise Refusal(400, message, code="invalid_type", param=f"{at}.{name}")
    return item[name]


def _check_message(item: Item, at: str) -> None:
    role = _need(item, "role", str, at)
    if role not in _ROLES:
        message = f"Invalid value: '{role}'. Supported values are: {sorted(_ROLES)}."
        raise Refusal(400, message, code="invalid_value", param=f"{at}.role")
    content = _need(item, "content", (str, list), at)
    for number, part in enumerate(content if isinstance(content, list) else ()):
        allowed = _OUTPUT_PARTS if role == "assistant" else _INPUT_PARTS
        _check_part(part, allowed, f"{at}.content[{number}]")


def _check_part(part: Any, allowed: Mapping[str, str | None], at: str) -> None:
    kind = str(part.get("type")) if isinstance(part, dict) else "None"
    if kind not in allowed:
        supported = " and ".join(f"'{name}'" for name in allowed)
        message = f"Invalid value: '{kind}'. Supported values are: {supported}."
        raise Refusal(400, message, code="invalid_value", param=f"{at}.type")
    text = allowed[kind]
    if text is not None:
        _need(part, text, str, at)
    elif not any(part.get(name) for name in _SOURCES[kind]):
        name = f"{at}.{_SOURCES[kind][0]}"
        message = f"Missing required parameter: '{name}'."
        raise Refusal(400, message, code="missing_required_parameter", param=name)
    elif kind == "input_image" and not isinstance(part.get("image_url", ""), str):
        raise Refusal(400, "Expected a string.", code="invalid_type", param=f"{at}.image_url")


def _check_call(item: Item, at: str) -> None:
    for name in ("call_id", "name", "arguments"):
        _need(item, name, str, at)


def _check_output(item: Item, at: str) -> None:
    _need(item, "call_id", str, at)
    output = _need(item, "output", (str, list), at)
    for number, part in enumerate(output if isinstance(output, list) else ()):
        _check_part(part, _INPUT_PARTS, f"{at}.output[{number}]")


def _check_reasoning(item: Item, at: str) -> None:
    _need(item, "id", str, at)
    _need(item, "summary", list, at)
    sealed = item.get("encrypted_content")
    if sealed is not None and not is_ours(sealed):
        message = f"The encrypted content for item {item['id']} could not be verified."
        raise Refusal(400, message, code="invalid_encrypted_content")


def _check_reference(item: Item, at: str) -> None:
    _need(item, "id", str, at)


_CHECKS = {
    "message": _check_message,
    "function_call": _check_call,
    "function_call_output": _check_output,
    "reasoning": _check_reasoning,
    "item_reference": _check_reference,
}


def text_of(content: Any) -> str:
    """The texts of a content, joined by a line break."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if "text" in part)


def size(item: Item) -> int:
    """The tokens of an item."""
    if item.get("type", "message") != "message":
        return tokens.count(msgspec.json.encode(item).decode())
    content = item["content"]
    parts = content if isinstance(content, list) else ()
    others = sum("text" not in part and "refusal" not in part for part in parts)
    total = tokens.MESSAGE_TOKENS + tokens.count(text_of(content))
    return total + others * tokens.PART_TOKENS
