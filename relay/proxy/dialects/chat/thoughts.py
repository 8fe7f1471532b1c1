"""Reasoning in chat messages, both ways: plain text for whoever shows it, and details that a
client sends back so that the vendor knows its own thoughts again.

Sources: DeepSeek, "Thinking mode" (`reasoning_content`); OpenRouter, "Reasoning tokens"
(`reasoning_details` and its formats), both read 2026-11.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from relay.proxy.dialects.chat import fields
from relay.proxy.dialects.conversation import RedactedThinking, Thinking

# OpenRouter's word for whose thoughts they are -> the dialect that knows them.
_ORIGINS = {
    "anthropic-claude-v1": "messages",
    "google-gemini-v1": "gemini",
    "openai-responses-v1": "responses",
}
_FORMATS = {origin: name for name, origin in _ORIGINS.items()}

_Thought = Thinking | RedactedThinking


def read(details: list[fields.ReasoningDetail] | None, text: str | None) -> list[_Thought]:
    """The reasoning of a message, the vendor's own form before plain text."""
    thoughts: list[_Thought] = []
    for detail in _merged(details or []):
        thought = _thought(detail)
        sealed = _sealed(thoughts[-1], thought) if thoughts else None
        if sealed is not None:
            thoughts[-1] = sealed
        else:
            thoughts.append(thought)
    if thoughts:
        return thoughts
    return [Thinking(text, origin="chat")] if text else []


def origin_of(detail: fields.ReasoningDetail) -> str:
    """The dialect that knows the reasoning, "" where that is not said."""
    return _ORIGINS.get(detail.format or "", "")


def details_of(thoughts: Sequence[_Thought]) -> list[dict[str, Any]]:
    """The `reasoning_details` of an answer's reasoning."""
    return [
        detail for number, thought in enumerate(thoughts) for detail in _details(thought, number)
    ]


def text_detail(number: int, origin: str, **fields_: str) -> dict[str, Any]:
    """One detail of readable reasoning, or (in a stream) a piece of it."""
    return {"type": "reasoning.text", **fields_, **_mark(number, origin)}


def encrypted_detail(number: int, origin: str, data: str, item_id: str) -> dict[str, Any]:
    """One detail that only its vendor can read."""
    named = {"id": item_id} if item_id else {}
    return {"type": "reasoning.encrypted", "data": data, **named, **_mark(number, origin)}


def summary_detail(number: int, origin: str, text: str, item_id: str) -> dict[str, Any]:
    """One detail of summed-up reasoning, or (in a stream) a piece of it."""
    named = {"id": item_id} if item_id else {}
    return {"type": "reasoning.summary", "summary": text, **named, **_mark(number, origin)}


def _mark(number: int, origin: str) -> dict[str, Any]:
    return {"format": _FORMATS.get(origin, "unknown"), "index": number}


def _details(thought: _Thought, number: int) -> Iterator[dict[str, Any]]:
    if isinstance(thought, RedactedThinking):
        yield encrypted_detail(number, thought.origin, thought.data, thought.id)
    elif thought.origin == "responses":
        yield summary_detail(number, thought.origin, thought.text, thought.id)
        if thought.signature:
            yield encrypted_detail(number, thought.origin, thought.signature, thought.id)
    else:
        signed = {"signature": thought.signature} if thought.signature else {}
        yield text_detail(number, thought.origin, text=thought.text, **signed)


def _merged(details: list[fields.ReasoningDetail]) -> list[fields.ReasoningDetail]:
    """Pieces of one detail put together, for clients that send a stream's pieces back."""
    merged: list[fields.ReasoningDetail] = []
    for detail in details:
        last = merged[-1] if merged else None
        is_same = last is not None and detail.index is not None
        if is_same and last and (last.type, last.index) == (detail.type, detail.index):
            last.text = (last.text or "") + (detail.text or "")
            last.summary = (last.summary or "") + (detail.summary or "")
            last.signature = detail.signature or last.signature
        else:
            merged.append(detail)
    return merged


def _thought(detail: fields.ReasoningDetail) -> _Thought:
    origin = origin_of(detail)
    if detail.type == "reasoning.encrypted":
        return RedactedThinking(detail.data or "", origin, detail.id or "")
    text = detail.summary if detail.type == "reasoning.summary" else detail.text
    return Thinking(text or "", detail.signature or "", origin, detail.id or "")


def _sealed(last: _Thought, thought: _Thought) -> Thinking | None:
    """A summary together with the encrypted detail that follows it (OpenAI gives both)."""
    if not isinstance(last, Thinking) or not isinstance(thought, RedactedThinking):
        return None
    is_one = last.origin == thought.origin == "responses" and last.id == thought.id
    if last.signature or not is_one:
        return None
    return Thinking(last.text, thought.data, last.origin, last.id)
