"""The Reply to a Messages request, whole or in events, and the count of a prompt's tokens.

Sources: Anthropic API reference, "Create a Message", "Streaming messages", "Count tokens in a
Message", read 2026-11.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from devstack.demo_upstream import compose, directives
from devstack.demo_upstream.anthropic import blocks, events
from devstack.demo_upstream.anthropic.request import (
    CountRequest,
    MessagesRequest,
    last_user_text,
    sizes,
    wanted,
)
from devstack.demo_upstream.anthropic.thoughts import redact, sign
from devstack.demo_upstream.anthropic.usage import whole_usage
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.compose import Choice
from devstack.demo_upstream.counts import CACHE_WRITE_1H, CACHE_WRITE_5M, Counts, count
from devstack.demo_upstream.decoding import Decoded, check_model, decode
from devstack.demo_upstream.directives import Directive, Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.reply import Frame, Reply, Stamp, spoil

_STOP_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "pause": "pause_turn",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class MessagesReply(Reply):
    choice: Choice

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        is_empty = fault is Fault.EMPTY
        body = opening(self.model, stamp)
        body["content"] = [] if is_empty else self._content()
        body["stop_reason"], body["stop_sequence"] = self.end()
        output_tokens = 0 if is_empty else self.usage.completion_tokens
        usage = spoil(whole_usage(self.usage, output_tokens=output_tokens), fault)
        if usage is not None:
            body["usage"] = msgspec.Raw(usage)
        return msgspec.json.encode(body)

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        content = [] if fault is Fault.EMPTY else self._content()
        return events.events(
            opening(self.model, stamp), content, self.choice, self.usage, self.end(), fault
        )

    def end(self) -> tuple[str, str | None]:
        """stop_reason and stop_sequence."""
        if self.choice.stop_string is not None:
            return "stop_sequence", self.choice.stop_string
        return _STOP_REASONS.get(self.choice.finish, self.choice.finish), None

    def _content(self) -> list[dict[str, Any]]:
        content: list[dict[str, Any]] = []
        thought = self.choice.thought()
        if thought:
            content.append({"type": "thinking", "thinking": thought, "signature": sign(thought)})
        if self.directive.redacted:
            content.append({"type": "redacted_thinking", "data": redact(thought)})
        if self.choice.pieces:
            content.append({"type": "text", "text": self.choice.text()})
        for call in self.choice.tool_calls:
            block = {"type": "tool_use", "id": f"toolu_demo_{call.digest}", "name": call.name}
            content.append({**block, "input": _input(call.arguments())})
        return content


def _input(arguments: str) -> Any:
    """The arguments as an object; of those cut short by max_tokens nothing can be read."""
    try:
        return msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return {}


def opening(model: str, stamp: Stamp) -> dict[str, Any]:
    """A message before it says anything."""
    return {
        "id": f"msg_{stamp.suffix}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


_DECODER = msgspec.json.Decoder(MessagesRequest)
_COUNT_DECODER = msgspec.json.Decoder(CountRequest)


def reply(asked: Asked) -> Reply:
    """Refusal when the request is wrong."""
    request = _checked(asked, _DECODER)
    plain = wanted(request)
    directive = directives.parse(plain.model, plain.prompt)
    (choice,) = compose.compose(plain, directive)
    return MessagesReply(
        model=request.model,
        directive=directive,
        usage=_counts(request, directive, choice),
        is_stream=request.stream,
        choice=choice,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class CountReply(Reply):
    """The tokens of a prompt. Free, so the record has no usage for it."""

    input_tokens: int

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        return msgspec.json.encode({"input_tokens": self.input_tokens})


def count_tokens(asked: Asked) -> Reply:
    """Refusal when the request is wrong."""
    request = _checked(asked, _COUNT_DECODER)
    directive = directives.parse(request.model, last_user_text(request))
    asked_tokens = directive.prompt_tokens
    counted = sum(size for size, _ in sizes(request))
    return CountReply(
        model=request.model,
        directive=directive,
        usage=Counts(),
        input_tokens=counted if asked_tokens is None else asked_tokens,
    )


def _checked(asked: Asked, decoder: "msgspec.json.Decoder[Decoded]") -> Decoded:
    if not asked.header(b"anthropic-version"):
        raise Refusal(400, "anthropic-version: header is required")
    request = decode(decoder, asked.body)
    assert isinstance(request, MessagesRequest)
    check_model(request.model)
    blocks.check(request)
    return request


def _counts(request: MessagesRequest, directive: Directive, choice: Choice) -> Counts:
    """A prompt marked for the cache is written to it up to the last mark, when none says else."""
    total, marked = 0, {CACHE_WRITE_5M: 0, CACHE_WRITE_1H: 0}
    for size, mark in sizes(request):
        total += size
        if mark is not None:
            bucket = CACHE_WRITE_1H if mark.get("ttl") == "1h" else CACHE_WRITE_5M
            marked[bucket] = total - sum(n for name, n in marked.items() if name != bucket)
    if directive.cached_tokens is not None or directive.prompt_tokens is not None:
        marked = {}
    return count(
        directive,
        prompt=total - sum(marked.values()),
        completion=choice.token_count(),
        reasoning=len(choice.thoughts),
        **marked,
    )
