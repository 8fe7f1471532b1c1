"""Which path is answered by what: the table of everything that the demo upstream serves."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from devstack.demo_upstream.anthropic import messages
from devstack.demo_upstream.asgi import Scope
from devstack.demo_upstream.asked import Asked, header_of
from devstack.demo_upstream.openai import chat, completions, embeddings, moderations, rerank
from devstack.demo_upstream.reply import Reply
from devstack.demo_upstream.shapes import ANTHROPIC, OPENAI, Shape


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `route` names it in the record; `reply` raises Refusal."""

    route: str
    shape: Shape
    reply: Callable[[Asked], Reply]


Found = tuple[Endpoint, Mapping[str, str]]

# (method, path): a name in braces is one segment of the path.
TABLE: Final[dict[tuple[str, str], Endpoint]] = {
    ("POST", "/v1/chat/completions"): Endpoint("chat/completions", OPENAI, chat.reply),
    ("POST", "/v1/completions"): Endpoint("completions", OPENAI, completions.reply),
    ("POST", "/v1/embeddings"): Endpoint("embeddings", OPENAI, embeddings.reply),
    ("POST", "/v1/moderations"): Endpoint("moderations", OPENAI, moderations.reply),
    ("POST", "/v1/rerank"): Endpoint("rerank", OPENAI, rerank.reply),
    ("POST", "/v1/messages"): Endpoint("messages", ANTHROPIC, messages.reply),
    ("POST", "/v1/messages/count_tokens"): Endpoint(
        "messages/count_tokens", ANTHROPIC, messages.count_tokens
    ),
}

_EXACT = {key: endpoint for key, endpoint in TABLE.items() if "{" not in key[1]}
_PATTERNS = [
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", path)), endpoint)
    for (method, path), endpoint in TABLE.items()
    if "{" in path
]
NO_PARTS: Final[Mapping[str, str]] = {}


def find(method: str, path: str) -> Found | None:
    """The operation, and the named parts of the path; None when there is none."""
    exact = _EXACT.get((method, path))
    if exact is not None:
        return exact, NO_PARTS
    for wanted, pattern, endpoint in _PATTERNS:
        found = pattern.fullmatch(path) if method == wanted else None
        if found is not None:
            return endpoint, found.groupdict()
    return None


def is_known(path: str) -> bool:
    """Whether the path is served under another method."""
    methods = ("GET", "POST", "DELETE")
    return any(find(method, path) is not None for method in methods)


def shape_of(scope: Scope) -> Shape:
    """The dialect of a path that no endpoint of the table serves: model lists, and errors."""
    path = scope["path"]
    if path.startswith("/v1/messages") or header_of(scope, b"anthropic-version"):
        return ANTHROPIC
    return OPENAI
