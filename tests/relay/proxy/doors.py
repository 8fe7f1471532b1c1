"""Every door that a caller may come through, and every kind of upstream behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from relay.proxy.dialect import Dialect
from relay.proxy.wire import Kind, Quirks, Wire, wire
from tests.relay.proxy.fakes import MODEL, Exchange, House

KEY = b"sk-upstream"
WIRES: Mapping[str, Wire] = {
    "chat": wire(Kind.OPENAI, KEY, Quirks()),
    "responses": wire(Kind.OPENAI, KEY, Quirks(speaks=(Dialect.RESPONSES,))),
    "messages": wire(Kind.ANTHROPIC, KEY, Quirks()),
    "gemini": wire(Kind.GEMINI, KEY, Quirks()),
}


@dataclass(frozen=True, slots=True)
class Door:
    """One endpoint. `end` is what only a whole stream ends in; none where it does not stream."""

    path: str
    body: Callable[[str], dict[str, Any]]
    end: bytes = b""
    query: bytes = b""

    def knock(self, relay: House, prompt: str, *, is_stream: bool = False) -> Exchange:
        """A request, begun."""
        body = self.body(prompt)
        if is_stream and ":" not in self.path:
            body["stream"] = True
        exchange = relay.request(path=self.path, body=[msgspec.json.encode(body)])
        exchange.ask(self.query)
        return exchange.begin()


def _user(prompt: str) -> dict[str, Any]:
    return {"role": "user", "content": prompt}


def _google(prompt: str) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}


# Where a conversation may be had; each with every kind of upstream.
TALKS: Mapping[str, Door] = {
    "chat": Door(
        "/v1/chat/completions",
        lambda prompt: {"model": MODEL, "messages": [_user(prompt)]},
        b"[DONE]",
    ),
    "messages": Door(
        "/v1/messages",
        lambda prompt: {"model": MODEL, "max_tokens": 999, "messages": [_user(prompt)]},
        b"message_stop",
    ),
    "responses": Door(
        "/v1/responses",
        lambda prompt: {"model": MODEL, "input": prompt},
        b"response.completed",
    ),
    "gemini": Door(f"/v1beta/models/{MODEL}:generateContent", _google),
}
GEMINI_STREAMS: Mapping[str, Door] = {
    "gemini": Door(
        f"/v1beta/models/{MODEL}:streamGenerateContent", _google, b'"finishReason"', b"alt=sse"
    ),
    "gemini array": Door(
        f"/v1beta/models/{MODEL}:streamGenerateContent", _google, b'"finishReason"'
    ),
}
STREAMS: Mapping[str, Door] = {
    name: door for name, door in TALKS.items() if name != "gemini"
} | dict(GEMINI_STREAMS)
# Doors that only upstreams of OpenAI's kind are behind.
PLAIN: Mapping[str, Door] = {
    "completions": Door(
        "/v1/completions", lambda prompt: {"model": MODEL, "prompt": prompt}, b"[DONE]"
    ),
    "embeddings": Door("/v1/embeddings", lambda prompt: {"model": MODEL, "input": prompt}),
    "moderations": Door("/v1/moderations", lambda prompt: {"model": MODEL, "input": prompt}),
    "rerank": Door(
        "/v1/rerank", lambda prompt: {"model": MODEL, "query": prompt, "documents": ["a", "b"]}
    ),
}
WHOLES = [(door, kind) for door in TALKS for kind in WIRES] + [(door, "chat") for door in PLAIN]
STREAMED = [(door, kind) for door in STREAMS for kind in WIRES] + [("completions", "chat")]
EVERY: Mapping[str, Door] = {**TALKS, **STREAMS, **PLAIN}


def whole_door(name: str) -> Door:
    """The door of a whole answer."""
    return TALKS.get(name) or PLAIN[name]


def stream_door(name: str) -> Door:
    """The door of a streamed answer."""
    return STREAMS.get(name) or PLAIN[name]
