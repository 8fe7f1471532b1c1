"""Directives: how a prompt or a model name tells the demo upstream to behave. Pure parsing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from devstack.demo_upstream.errors import Refusal


class Fault(StrEnum):
    """Everything that can go wrong with an upstream, by the name used in a directive."""

    BAD_REQUEST = "400"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    RATE_LIMITED = "429"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    OVERLOADED = "529"
    RESET = "reset"
    SILENCE = "silence"
    DRIP = "drip"
    ERROR_EVENT = "error-event"
    CUT = "cut"
    NO_USAGE = "no-usage"
    NEGATIVE_USAGE = "negative-usage"
    ABSURD_USAGE = "absurd-usage"
    FLOAT_USAGE = "float-usage"
    NAN_USAGE = "nan-usage"
    HTML_200 = "html-200"
    EMPTY = "empty"
    BAD_JSON = "bad-json"
    CRLF = "crlf"
    SPLIT = "split"
    COMMENTS = "comments"
    BIG_LINE = "big-line"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Directive:
    """One request's orders. None: not given, the server's default holds."""

    tokens: int | None = None
    pace_ms: int | None = None
    wait_ms: int = 0
    size_bytes: int | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    cached_audio_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    audio_prompt_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    reasoning_shown: int = 0
    redacted: int = 0
    tool_prompt_tokens: int = 0
    polls: int | None = None
    seconds: int | None = None
    finish: str = ""
    after: int | None = None
    retry_after_s: int | None = None
    fault: Fault | None = None
    times: int | None = None
    id: str = ""
    only: str = ""


@dataclass(frozen=True, slots=True)
class _Number:
    field: str
    maximum: int


WAIT_MS_MAX = 600_000  # ten minutes: longer than any time-out under test

# 256 MB covers the stalled-reader test's 160 MB; 200,000 tokens are longer than any model's answer.
_NUMBERS = {
    "tokens": _Number("tokens", 200_000),
    "pace": _Number("pace_ms", WAIT_MS_MAX),
    "wait": _Number("wait_ms", WAIT_MS_MAX),
    "size": _Number("size_bytes", 256 * 1024 * 1024),
    "prompt_tokens": _Number("prompt_tokens", 10**9),
    "cached": _Number("cached_tokens", 10**9),
    "cached_audio": _Number("cached_audio_tokens", 10**9),
    "cache_write": _Number("cache_write_tokens", 10**9),
    "cache_write_1h": _Number("cache_write_1h_tokens", 10**9),
    "audio_prompt": _Number("audio_prompt_tokens", 10**9),
    "audio_tokens": _Number("audio_tokens", 200_000),
    "reasoning": _Number("reasoning_tokens", 200_000),
    "reasoning_shown": _Number("reasoning_shown", 1),
    "redacted": _Number("redacted", 1),
    "tool_prompt": _Number("tool_prompt_tokens", 10**9),
    "polls": _Number("polls", 1000),
    "seconds": _Number("seconds", 86_400),
    "after": _Number("after", 200_000),
    "retry_after": _Number("retry_after_s", 86_400),
    "times": _Number("times", 1_000_000),
}
_WORDS = {"id", "only", "finish"}

BIG_LINE_BYTES = 1024 * 1024  # `fault=big-line` without `size`: beyond any sane line buffer

_IN_PROMPT = re.compile(r"\[\[demo:([^\]]*)\]\]")
NONE = Directive()


def parse(model: str, prompt: str) -> Directive:
    """The orders in the model name (after "+") and the prompt, which wins; Refusal 400 if wrong."""
    if "+" not in model and "[[demo:" not in prompt:
        return NONE
    fields: dict[str, Any] = {}
    for pair in _pairs(model, prompt):
        key, _, value = pair.partition("=")
        name, read = _read(key, value)
        fields[name] = read
    directive = Directive(**fields)
    if directive.times is not None and not directive.id:
        raise Refusal(400, "demo directive: `times` needs an `id` to count by")
    if directive.fault is Fault.BIG_LINE and directive.size_bytes is None:
        directive = replace(directive, size_bytes=BIG_LINE_BYTES)
    return directive


def strip(prompt: str) -> str:
    """The prompt without its directives."""
    return _IN_PROMPT.sub("", prompt).strip() if "[[demo:" in prompt else prompt


def base_model(model: str) -> str:
    """The model's name without its directives."""
    return model.partition("+")[0]


def _pairs(model: str, prompt: str) -> Iterator[str]:
    yield from (pair for pair in model.split("+")[1:] if "=" in pair)
    for block in _IN_PROMPT.findall(prompt):
        yield from block.split()


def _read(key: str, value: str) -> tuple[str, int | str | Fault]:
    """The field that a pair sets, and its value."""
    number = _NUMBERS.get(key)
    if number is not None:
        if not re.fullmatch(r"[0-9]{1,12}", value) or int(value) > number.maximum:
            raise Refusal(400, f"demo directive: `{key}` takes 0 to {number.maximum}")
        return number.field, int(value)
    if key in _WORDS:
        return key, value
    if key == "fault":
        if value not in set(Fault):
            raise Refusal(400, f"demo directive: no fault is called `{value}`")
        return key, Fault(value)
    raise Refusal(400, f"demo directive: no key is called `{key}`")
