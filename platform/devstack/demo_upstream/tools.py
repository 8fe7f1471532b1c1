"""Which tools an answer calls, and with what arguments. Pure: the prompt decides, never chance."""

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.schema import Filler

# Short words ("get", "the", "for") are in every prompt; they say nothing about a tool.
_NAME_WORD_MIN = 4
_DESCRIPTION_WORD_MIN = 5
_WORD = re.compile(r"[^\W_]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]{2,}")


@dataclass(frozen=True, slots=True)
class Function:
    """A tool on offer; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """`names` narrows what is offered; required: the first of them is called without a mention."""

    is_allowed: bool = True
    is_required: bool = False
    names: tuple[str, ...] = ()


AUTO = ToolChoice()
NONE = ToolChoice(is_allowed=False)
REQUIRED = ToolChoice(is_required=True)


def one(name: str) -> ToolChoice:
    """The choice of this very tool."""
    return ToolChoice(is_required=True, names=(name,))


def choose(offered: tuple[Function, ...], choice: ToolChoice, prompt: str) -> list[Function]:
    """The tools to call, in the order offered.

    Raises Refusal 400 when `choice` names a tool that is not offered.
    """
    for name in choice.names:
        if all(function.name != name for function in offered):
            raise Refusal(400, f"Tool choice `{name}` is not among the tools.", param="tool_choice")
    if not offered or not choice.is_allowed:
        return []
    allowed = [
        function for function in offered if not choice.names or function.name in choice.names
    ]
    words = {word.lower() for word in _WORD.findall(prompt)} | _pairs(prompt)
    matching = [function for function in allowed if _is_mentioned(function, words)]
    return allowed[:1] if choice.is_required and not matching else matching


def arguments(function: Function, prompt: str) -> str:
    """The call's arguments as JSON: the required properties of the tool's parameters, or all of
    them where it says of none whether it is required."""
    schema = function.parameters
    if schema and "required" not in schema and isinstance(schema.get("properties"), dict):
        schema = {**schema, "required": list(schema["properties"])}
    value: Any = Filler(schema, prompt).value() if schema else {}
    return msgspec.json.encode(value).decode()


def _is_mentioned(function: Function, prompt_words: set[str]) -> bool:
    camel_split = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", function.name)
    telling = {word.lower() for word in _WORD.findall(camel_split) if len(word) >= _NAME_WORD_MIN}
    for word in _WORD.findall(function.description or ""):
        if len(word) >= _DESCRIPTION_WORD_MIN:
            telling.add(word.lower())
    telling |= _pairs(function.description or "")
    return not telling.isdisjoint(prompt_words) or function.name.lower() in prompt_words


def _pairs(text: str) -> set[str]:
    """The pairs of neighbouring Chinese characters: that language has no spaces between words."""
    runs = _CHINESE.findall(text)
    return {run[start : start + 2] for run in runs for start in range(len(run) - 1)}
