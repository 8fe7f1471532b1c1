"""A response as the events of a stream. Pure; one counted token in every delta of output.

Source: OpenAI API reference, "Responses streaming events", read 2026-11.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from devstack.demo_upstream.compose import Choice, ToolCall
from devstack.demo_upstream.reply import Frame
from devstack.demo_upstream.responses.items import Item

# Pads deltas, so that their lengths do not tell the tokens; OpenAI does it unless told not to.
_PAD = "abcdefghijklmnop"


class Sequence:
    """Numbers the events of one stream."""

    def __init__(self, *, is_padded: bool) -> None:
        self._next = 0
        self._is_padded = is_padded

    def event(self, kind: str, tokens: int = 0, /, **more: Any) -> Frame:
        """The next event."""
        data = {"type": kind, "sequence_number": self._next, **more}
        self._next += 1
        return Frame(msgspec.json.encode(data), tokens, kind)

    def delta(self, kind: str, delta: str, tokens: int, /, **more: Any) -> Frame:
        """The next event, which brings more of something."""
        if self._is_padded:
            more["obfuscation"] = _PAD[len(delta) % len(_PAD) :]
        return self.event(kind, tokens, delta=delta, **more)


def items(sequence: Sequence, output: list[Item], choice: Choice) -> Iterator[Frame]:
    """The events between response.in_progress and the last one."""
    calls = iter(choice.tool_calls)
    for index, item in enumerate(output):
        if item["type"] == "reasoning":
            inner = _reasoning(sequence, item, choice, index)
        elif item["type"] == "message":
            inner = _message(sequence, item, choice, index)
        else:
            inner = _function_call(sequence, item, next(calls), index)
        yield from inner
        yield sequence.event("response.output_item.done", output_index=index, item=item)


def _reasoning(sequence: Sequence, item: Item, choice: Choice, index: int) -> Iterator[Frame]:
    is_shown = bool(item["summary"])
    hidden = 0 if is_shown else len(choice.thoughts)
    start = {**item, "summary": []}
    yield sequence.event("response.output_item.added", hidden, output_index=index, item=start)
    if not is_shown:
        return
    place = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    part = {"type": "summary_text", "text": ""}
    yield sequence.event("response.reasoning_summary_part.added", **place, part=part)
    for piece in choice.thoughts:
        yield sequence.delta("response.reasoning_summary_text.delta", piece, 1, **place)
    text = choice.thought()
    yield sequence.event("response.reasoning_summary_text.done", **place, text=text)
    part = {"type": "summary_text", "text": text}
    yield sequence.event("response.reasoning_summary_part.done", **place, part=part)


def _message(sequence: Sequence, item: Item, choice: Choice, index: int) -> Iterator[Frame]:
    start = {**item, "status": "in_progress", "content": []}
    yield sequence.event("response.output_item.added", output_index=index, item=start)
    (part,) = item["content"]
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    is_refusal = part["type"] == "refusal"
    empty = {**part, "refusal": ""} if is_refusal else {**part, "text": "", "logprobs": []}
    yield sequence.event("response.content_part.added", **place, part=empty)
    worth = choice.answer_tokens if len(choice.pieces) == 1 else 1
    for number, piece in enumerate(choice.pieces):
        if is_refusal:
            yield sequence.delta("response.refusal.delta", piece, worth, **place)
        else:
            entries = part["logprobs"][number : number + 1]
            more = {**place, "logprobs": entries}
            yield sequence.delta("response.output_text.delta", piece, worth, **more)
    if is_refusal:
        yield sequence.event("response.refusal.done", **place, refusal=part["refusal"])
    else:
        done = {**place, "text": part["text"], "logprobs": part["logprobs"]}
        yield sequence.event("response.output_text.done", **done)
    yield sequence.event("response.content_part.done", **place, part=part)


def _function_call(sequence: Sequence, item: Item, call: ToolCall, index: int) -> Iterator[Frame]:
    start = {**item, "status": "in_progress", "arguments": ""}
    yield sequence.event("response.output_item.added", 1, output_index=index, item=start)
    place = {"item_id": item["id"], "output_index": index}
    for piece in call.pieces:
        yield sequence.delta("response.function_call_arguments.delta", piece, 1, **place)
    done = {**place, "name": item["name"], "arguments": item["arguments"]}
    yield sequence.event("response.function_call_arguments.done", **done)
