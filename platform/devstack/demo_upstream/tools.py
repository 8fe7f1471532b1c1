"""Which tools an answer calls, and with what arguments. Pure: the prompt decides, never chance."""

import re
from typing import Any

import msgspec

from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.request import ChatRequest, Function
from devstack.demo_upstream.schema import Filler

# Short words ("get", "the", "for") are in every prompt; they say nothing about a tool.
_NAME_WORD_MIN = 4
_DESCRIPTION_WORD_MIN = 5
_WORD = re.compile(r"[^\W_]+")


def choose(request: ChatRequest, prompt: str) -> list[Function]:
    """The tools to call, in the order offered; none after a tool's result has come back.

    Raises Refusal 400 when `tool_choice` names a tool that is not offered.
    """
    offered = request.functions()
    if not offered or request.tool_choice == "none" or request.messages[-1].role == "tool":
        return []
    if isinstance(request.tool_choice, dict):
        return [_named(offered, request.tool_choice)]
    words = {word.lower() for word in _WORD.findall(prompt)}
    matching = [function for function in offered if _is_mentioned(function, words)]
    if not matching and request.tool_choice == "required":
        matching = offered[:1]
    return matching[:1] if request.parallel_tool_calls is False else matching


def arguments(function: Function, prompt: str) -> str:
    """The call's arguments as JSON: the required properties of the tool's parameters."""
    value: Any = Filler(function.parameters, prompt).value() if function.parameters else {}
    return msgspec.json.encode(value).decode()


def _named(offered: list[Function], tool_choice: dict[str, Any]) -> Function:
    wanted = tool_choice.get("function")
    name = wanted.get("name") if isinstance(wanted, dict) else None
    found = next((function for function in offered if function.name == name), None)
    if found is None:
        raise Refusal(400, f"Tool choice `{name}` is not among the tools.", param="tool_choice")
    return found


def _is_mentioned(function: Function, prompt_words: set[str]) -> bool:
    camel_split = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", function.name)
    telling = {word.lower() for word in _WORD.findall(camel_split) if len(word) >= _NAME_WORD_MIN}
    for word in _WORD.findall(function.description or ""):
        if len(word) >= _DESCRIPTION_WORD_MIN:
            telling.add(word.lower())
    return not telling.isdisjoint(prompt_words) or function.name.lower() in prompt_words
