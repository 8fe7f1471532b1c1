"""A message as the events of a stream. Pure; one counted token in every delta of output."""

from collections.abc import Iterator
from typing import Any

import msgspec

from devstack.demo_upstream.anthropic.usage import last_usage, whole_usage
from devstack.demo_upstream.compose import Choice
from devstack.demo_upstream.counts import Counts
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.reply import Frame, spoil

Block = dict[str, Any]


def events(
    message: dict[str, Any],
    content: list[Block],
    choice: Choice,
    counts: Counts,
    end: tuple[str, str | None],
    fault: Fault | None,
) -> Iterator[Frame]:
    """Every event, from message_start to message_stop."""
    usage = spoil(whole_usage(counts, output_tokens=1 if content else 0), fault)
    if usage is not None:
        message["usage"] = msgspec.Raw(usage)
    yield _event("message_start", message=message)
    yield _event("ping")
    calls = iter(choice.tool_calls)
    for index, block in enumerate(content):
        kind = block["type"]
        if kind == "thinking":
            yield from _thinking(index, block, choice)
        elif kind == "text":
            yield from _text(index, choice)
        elif kind == "tool_use":
            yield from _tool_use(index, block, next(calls).pieces)
        else:
            yield _event("content_block_start", index=index, content_block=block)
        yield _event("content_block_stop", index=index)
    yield _last(end, counts, fault, is_empty=not content)
    yield _event("message_stop")


def _thinking(index: int, block: Block, choice: Choice) -> Iterator[Frame]:
    start = {"type": "thinking", "thinking": "", "signature": ""}
    yield _event("content_block_start", index=index, content_block=start)
    for piece in choice.thoughts:
        yield _delta(index, {"type": "thinking_delta", "thinking": piece}, 1)
    yield _delta(index, {"type": "signature_delta", "signature": block["signature"]}, 0)


def _text(index: int, choice: Choice) -> Iterator[Frame]:
    yield _event("content_block_start", index=index, content_block={"type": "text", "text": ""})
    worth = choice.answer_tokens if len(choice.pieces) == 1 else 1
    for piece in choice.pieces:
        yield _delta(index, {"type": "text_delta", "text": piece}, worth)


def _tool_use(index: int, block: Block, pieces: tuple[str, ...]) -> Iterator[Frame]:
    start = {**block, "input": {}}
    yield _event("content_block_start", 1, index=index, content_block=start)
    yield _delta(index, {"type": "input_json_delta", "partial_json": ""}, 0)
    for piece in pieces:
        yield _delta(index, {"type": "input_json_delta", "partial_json": piece}, 1)


def _last(
    end: tuple[str, str | None], counts: Counts, fault: Fault | None, *, is_empty: bool
) -> Frame:
    delta = {"stop_reason": end[0], "stop_sequence": end[1]}
    output_tokens = 0 if is_empty else counts.completion_tokens
    usage = spoil(last_usage(counts, output_tokens=output_tokens), fault)
    if usage is None:
        return _event("message_delta", delta=delta)
    return _event("message_delta", delta=delta, usage=msgspec.Raw(usage))


def _delta(index: int, delta: Block, tokens: int) -> Frame:
    return _event("content_block_delta", tokens, index=index, delta=delta)


def _event(kind: str, tokens: int = 0, /, **more: Any) -> Frame:
    return Frame(msgspec.json.encode({"type": kind, **more}), tokens, kind)
