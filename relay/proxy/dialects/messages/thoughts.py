"""Reasoning of other vendors inside messages' blocks, both ways.

A foreign signature goes to the client with its origin in front (`conversation.seal`), and, where
its item has an id of its own, that behind the origin: `responses:rs_1#…`. A signature of a tool
call (Gemini's) has no place in a tool_use block: a redacted_thinking block after it bears it,
which clients send back as it came.
"""

from relay.proxy.dialects.conversation import RedactedThinking, Thinking, seal, unseal

DIALECT = "messages"


def sealed(signature: str, *, origin: str, item_id: str = "") -> str:
    """What the client gets for a vendor's signature, or for reasoning only it can read."""
    if not signature and not item_id:
        return ""
    owner = origin or DIALECT
    return seal(signature, origin=f"{owner}:{item_id}" if item_id else owner, dialect=DIALECT)


def thinking(text: str, given: str, at: str) -> Thinking:
    """A thinking block that the client sent back."""
    signature, origin, item_id = _unsealed(given)
    return Thinking(text, signature, origin, item_id, at=at)


def redacted(given: str, at: str) -> RedactedThinking:
    """A redacted_thinking block that the client sent back."""
    data, origin, item_id = _unsealed(given)
    return RedactedThinking(data, origin, item_id, at=at)


def is_tool_signature(part: RedactedThinking) -> bool:
    """Whether it is no reasoning, but the signature of the tool call before it."""
    return part.origin == "gemini"


def _unsealed(given: str) -> tuple[str, str, str]:
    signature, owner = unseal(given, dialect=DIALECT)
    origin, _, item_id = owner.partition(":")
    return signature, origin, item_id
