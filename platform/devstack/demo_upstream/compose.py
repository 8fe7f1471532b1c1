"""What the demo upstream answers, before any dialect spells it. Pure: the request decides.

Equal requests are composed equally; ids, time and faults are never in here.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from devstack.demo_upstream import directives, tokens, tools, wording
from devstack.demo_upstream.directives import Directive
from devstack.demo_upstream.filler import MARK, check_size, filler_tokens
from devstack.demo_upstream.tools import Function, ToolChoice

CHOICES_MAX = 16  # `n`: enough for any test, small enough to compose at once

_FILLER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_THOUGHT_WORDS = ("let", "me", "think", "about", "what", "was", "asked", "and", "answer")

STOP = "stop"
LENGTH = "length"
TOOL_CALLS = "tool_calls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request as far as it decides the words; `model` and `prompt` still hold directives."""

    model: str
    prompt: str
    is_stream: bool = False
    seed: int = 0
    n: int = 1
    tokens_max: int | None = None
    stops: tuple[str, ...] = ()
    functions: tuple[Function, ...] = ()
    tool_choice: ToolChoice = tools.AUTO
    parallel_tools: bool = True
    tool_result: str | None = None  # what the tools just answered
    is_json: bool = False
    schema: dict[str, Any] | None = None
    reasoning_tokens: int = 0  # unless the directive says otherwise


@dataclass(frozen=True, slots=True)
class ToolCall:
    digest: str  # the same for equal calls; dialects make their ids of it
    name: str
    pieces: tuple[str, ...]  # of the arguments' JSON

    def token_count(self) -> int:
        """One for the name, and one for each piece of the arguments."""
        return 1 + len(self.pieces)

    def arguments(self) -> str:
        """The arguments' JSON; cut short when the tokens ran out."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Choice:
    index: int
    pieces: tuple[str, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str = STOP  # STOP, LENGTH or TOOL_CALLS, or what the directive says
    stop_string: str | None = None  # the caller's own that ended it
    thoughts: tuple[str, ...] = ()
    answer_tokens: int = 0  # without thoughts; of `size`, those of the filler

    def text(self) -> str:
        """The answer's text."""
        return "".join(self.pieces)

    def thought(self) -> str:
        """The reasoning's text."""
        return "".join(self.thoughts)

    def token_count(self) -> int:
        """The tokens of this choice, thoughts included."""
        return self.answer_tokens + len(self.thoughts)


def compose(wanted: Wanted, directive: Directive) -> tuple[Choice, ...]:
    """The choices; Refusal 400 when a tool is chosen that is not offered."""
    check_size(directive.size_bytes, is_stream=wanted.is_stream)
    if directive.size_bytes is not None:
        tokens_sent = filler_tokens(directive.size_bytes)
        return (Choice(0, (MARK,), answer_tokens=tokens_sent),)
    prompt = directives.strip(wanted.prompt)
    calls = tuple(_tool_calls(wanted, prompt)) if directive.tokens is None else ()
    return tuple(_choice(index, wanted, directive, prompt, calls) for index in range(wanted.n))


def total_tokens(choices: tuple[Choice, ...]) -> int:
    """The completion tokens of all choices."""
    return sum(choice.token_count() for choice in choices)


def thought_tokens(choices: tuple[Choice, ...]) -> int:
    """The reasoning tokens of all choices."""
    return sum(len(choice.thoughts) for choice in choices)


def _choice(
    index: int, wanted: Wanted, directive: Directive, prompt: str, calls: tuple[ToolCall, ...]
) -> Choice:
    asked = directive.reasoning_tokens
    thoughts = _words(_THOUGHT_WORDS, wanted.reasoning_tokens if asked is None else asked)
    limit = wanted.tokens_max
    if limit is not None:
        if len(thoughts) >= limit:
            return Choice(index, (), finish=LENGTH, thoughts=thoughts[:limit])
        limit -= len(thoughts)
    if calls:
        return _calling(index, calls, limit, thoughts)
    text = _text(wanted, directive, prompt, index)
    return _speaking(index, wanted, directive, text, limit, thoughts)


def _words(words: tuple[str, ...], count: int) -> tuple[str, ...]:
    return tuple(tokens.split(" ".join(islice(cycle(words), count))))


def _text(wanted: Wanted, directive: Directive, prompt: str, index: int) -> str:
    if directive.tokens is not None:
        return " ".join(islice(cycle(_FILLER_WORDS), directive.tokens))
    model = directives.base_model(wanted.model)
    if wanted.is_json:
        return wording.json_answer(prompt, model, wanted.schema)
    if wanted.tool_result is not None:
        return wording.tool_answer(wanted.tool_result)
    return wording.answer(prompt, model, seed=wanted.seed, index=index)


def _speaking(
    index: int,
    wanted: Wanted,
    directive: Directive,
    text: str,
    limit: int | None,
    thoughts: tuple[str, ...],
) -> Choice:
    found = [(end, stop) for stop in wanted.stops if (end := text.find(stop)) >= 0]
    end, stop_string = min(found, default=(len(text), None))
    pieces, finish = tokens.split(text[:end]), directive.finish or STOP
    if limit is not None and len(pieces) > limit:
        pieces, finish, stop_string = pieces[:limit], LENGTH, None
    return Choice(index, tuple(pieces), (), finish, stop_string, thoughts, len(pieces))


def _tool_calls(wanted: Wanted, prompt: str) -> Iterator[ToolCall]:
    if wanted.tool_result is not None:
        return
    chosen = tools.choose(wanted.functions, wanted.tool_choice, prompt)
    for position, function in enumerate(chosen if wanted.parallel_tools else chosen[:1]):
        arguments = tools.arguments(function, prompt)
        mark = f"{position}|{wanted.seed}|{function.name}|{arguments}|{prompt}"
        digest = zlib.crc32(mark.encode(errors="replace"))
        yield ToolCall(f"{digest:08x}", function.name, tuple(tokens.split(arguments)))


def _calling(
    index: int, calls: tuple[ToolCall, ...], limit: int | None, thoughts: tuple[str, ...]
) -> Choice:
    """A choice that calls tools; the caller's bound on tokens may cut the arguments short."""
    count = sum(call.token_count() for call in calls)
    if limit is None or count <= limit:
        return Choice(index, (), calls, TOOL_CALLS, None, thoughts, count)
    kept: list[ToolCall] = []
    left = limit
    for call in calls:
        if left < 1:
            break
        kept.append(ToolCall(call.digest, call.name, call.pieces[: left - 1]))
        left -= kept[-1].token_count()
    return Choice(index, (), tuple(kept), LENGTH, None, thoughts, limit - left)
