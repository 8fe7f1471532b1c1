"""The plan of an answer: everything that follows from the request body alone. Pure, cacheable.

What differs between two equal requests (id, time, which fault strikes) is never in here.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, cycle, islice

from devstack.demo_upstream import directives, request, tokens, tools, wording
from devstack.demo_upstream.directives import Directive
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.request import ChatRequest

# Equal small requests (a load test, a poll) are planned once. 256 plans of at most some tens of
# kilobytes stay far below what the server itself needs; larger bodies are planned every time.
CACHED_PLANS_MAX = 256
CACHED_BODY_BYTES_MAX = 16 * 1024

_FILLER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
LINE_BYTES_MAX = 32 * 1024 * 1024  # a streamed `size` is one event, so it is held in memory
FILLER_BLOCK = b" demo"  # one token, whatever stands around it


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    pieces: tuple[str, ...]  # of the arguments' JSON

    def token_count(self) -> int:
        """One for the name, and one for each piece of the arguments."""
        return 1 + len(self.pieces)


@dataclass(frozen=True, slots=True)
class Choice:
    index: int
    pieces: tuple[str, ...]
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str

    def token_count(self) -> int:
        """The completion tokens of this choice."""
        return len(self.pieces) + sum(call.token_count() for call in self.tool_calls)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Plan:
    """An answer to one request. `size_bytes` replaces the choices' text by that much filler."""

    request: ChatRequest
    directive: Directive
    choices: tuple[Choice, ...]
    size_bytes: int | None
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


def plan(body: bytes) -> Plan:
    """Decode a request body and settle its answer; Refusal if the request is wrong."""
    return _cached_plan(body) if len(body) <= CACHED_BODY_BYTES_MAX else _plan(body)


def _plan(body: bytes) -> Plan:
    asked = request.parse(body)
    text = asked.last_user_text()
    directive = directives.parse(asked.model, text)
    prompt, model = directives.strip(text), directives.base_model(asked.model)
    size = directive.size_bytes
    if size is not None and asked.stream and size > LINE_BYTES_MAX:
        raise Refusal(400, f"demo directive: `size` of a stream is at most {LINE_BYTES_MAX}")
    if size is None:
        choices = tuple(_choices(asked, directive, prompt, model))
        completion_tokens = sum(choice.token_count() for choice in choices)
    else:
        choices = (Choice(0, (), (), "stop"),)
        completion_tokens = filler_tokens(size)
    prompt_tokens = directive.prompt_tokens
    if prompt_tokens is None:
        prompt_tokens = request.count_prompt(asked)
    cached_tokens = min(directive.cached_tokens or 0, prompt_tokens)
    return Plan(asked, directive, choices, size, prompt_tokens, cached_tokens, completion_tokens)


_cached_plan = lru_cache(maxsize=CACHED_PLANS_MAX)(_plan)


def filler_tokens(size_bytes: int) -> int:
    """The tokens of `size_bytes` of filler: whole blocks, then one for each dot that is left."""
    return sum(divmod(size_bytes, len(FILLER_BLOCK)))


def _choices(asked: ChatRequest, directive: Directive, prompt: str, model: str) -> Iterator[Choice]:
    limit = asked.output_tokens_max()
    calls = tuple(_tool_calls(asked, prompt)) if directive.tokens is None else ()
    for index in range(asked.n or 1):
        if calls:
            yield _calling_choice(index, calls, limit)
        else:
            yield _text_choice(index, asked, _text(asked, directive, prompt, model, index))


def _text(asked: ChatRequest, directive: Directive, prompt: str, model: str, index: int) -> str:
    if directive.tokens is not None:
        return " ".join(islice(cycle(_FILLER_WORDS), directive.tokens))
    content = wording.json_answer(asked, prompt, model)
    return wording.answer(asked, prompt, model, index) if content is None else content


def _text_choice(index: int, asked: ChatRequest, text: str) -> Choice:
    ends = [end for stop in asked.stops() if (end := text.find(stop)) >= 0]
    pieces = tokens.split(text[: min(ends)] if ends else text)
    limit = asked.output_tokens_max()
    if limit is not None and len(pieces) > limit:
        return Choice(index, tuple(pieces[:limit]), (), "length")
    return Choice(index, tuple(pieces), (), "stop")


def _tool_calls(asked: ChatRequest, prompt: str) -> Iterator[ToolCall]:
    for position, function in enumerate(tools.choose(asked, prompt)):
        arguments = tools.arguments(function, prompt)
        mark = f"{position}|{asked.seed or 0}|{function.name}|{arguments}|{prompt}"
        digest = zlib.crc32(mark.encode(errors="replace"))
        yield ToolCall(f"call_demo_{digest:08x}", function.name, tuple(tokens.split(arguments)))


def _calling_choice(index: int, calls: tuple[ToolCall, ...], limit: int | None) -> Choice:
    """A choice that calls tools; the caller's bound on tokens may cut the arguments short."""
    if limit is None or sum(call.token_count() for call in calls) <= limit:
        return Choice(index, (), calls, "tool_calls")
    kept: list[ToolCall] = []
    for call in calls:
        if limit < 1:
            break
        kept.append(ToolCall(call.id, call.name, call.pieces[: limit - 1]))
        limit -= kept[-1].token_count()
    return Choice(index, (), tuple(kept), "length")


def filler(size_bytes: int, write_bytes: int) -> Iterator[bytes]:
    """`size_bytes` of plain ASCII text in writes of about `write_bytes`, made as it is taken."""
    blocks, dots = divmod(size_bytes, len(FILLER_BLOCK))
    per_write = max(1, write_bytes // len(FILLER_BLOCK))
    full = FILLER_BLOCK * per_write
    whole_writes, rest = divmod(blocks, per_write)
    return chain((full for _ in range(whole_writes)), (FILLER_BLOCK * rest, b"." * dots))
