"""Reasoning as responses carries it, both ways: items with a summary for people and encrypted
content for the vendor.

Other vendors' signatures go there sealed with their origin. Two kinds need one more word: thoughts
that are hidden altogether, and Google's signature of a function call, which follows the call.
Source: OpenAI API reference, "Reasoning" item, read 2026-11.
"""

from typing import Any

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import seal, unseal

DIALECT = "responses"
_HIDDEN = "hidden:"
_CALL = "call:"

Thought = cv.Thinking | cv.RedactedThinking


def parse(*, id: str, text: str, encrypted: str) -> Thought | str:
    """The thought of an item; a str is the Gemini signature of the call before it."""
    signature, origin = unseal(encrypted, dialect=DIALECT)
    if origin != DIALECT and signature.startswith(_CALL):
        return signature.removeprefix(_CALL)
    if origin != DIALECT and signature.startswith(_HIDDEN):
        return cv.RedactedThinking(signature.removeprefix(_HIDDEN), origin, id)
    return cv.Thinking(text, signature, origin or DIALECT, id)


def encrypted(thought: Thought) -> str:
    """The encrypted content of a thought's item, "" for none."""
    if isinstance(thought, cv.RedactedThinking):
        own = thought.origin == DIALECT
        data = thought.data if own else _HIDDEN + thought.data
        return seal(data, origin=thought.origin or "unknown", dialect=DIALECT)
    if not thought.signature and thought.origin in ("", DIALECT):
        return ""
    return seal(thought.signature, origin=thought.origin, dialect=DIALECT)


def of_call(signature: str, origin: str) -> str:
    """The encrypted content of the item that follows a signed function call."""
    return seal(_CALL + signature, origin=origin, dialect=DIALECT)


def item(id: str, text: str, encrypted: str) -> dict[str, Any]:
    """A reasoning item, as it stands in an answer."""
    summary = [{"type": "summary_text", "text": text}] if text else []
    sealed = {"encrypted_content": encrypted} if encrypted else {}
    return {"id": id, "type": "reasoning", "summary": summary, **sealed}
