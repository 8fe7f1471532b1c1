"""An error's JSON in each dialect, and the frame that carries it when it ends a stream. Pure.

Sources, read 2026-11: OpenAI "Error codes", Responses streaming events "error" and
"response.failed", Realtime server event "error"; Anthropic "Errors" and "Streaming: error
events"; Google "API errors" of generateContent and google.rpc.Code's mapping to HTTP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto, unique
from typing import Any

import msgspec

from relay.proxy import sse
from relay.proxy.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Shown:
    """An error in words, before it is put into a dialect."""

    status: int
    type: str
    code: str
    message: str
    param: str | None
    request_id: str


@unique
class Framing(Enum):
    """How a stream carries its values. A Gemini stream without `alt=sse` is one JSON array."""

    SSE = auto()
    ARRAY_START = auto()  # nothing of the array was sent yet
    ARRAY_GOES_ON = auto()


# Anthropic's own words, by status; others are `invalid_request_error` or `api_error`.
ANTHROPIC_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# google.rpc.Code by HTTP status; 402 is generateContent's own for spent credit.
GOOGLE_STATUSES = {
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}
_Object = dict[str, Any]


def body(shown: Shown, dialect: Dialect) -> bytes:
    """The body of an HTTP answer."""
    return msgspec.json.encode(_BODIES[dialect](shown))


def frame(
    shown: Shown,
    dialect: Dialect,
    *,
    framing: Framing = Framing.SSE,
    sequence_number: int = 0,
    response: Mapping[str, Any] | None = None,
    client_event_id: str | None = None,
) -> bytes:
    """The last frame of a stream, or a WebSocket message's text (REALTIME).

    `sequence_number` counts the stream's events (RESPONSES) or this socket's errors (REALTIME).
    `response` is the Responses object as the stream began it: then it is what failed.
    `client_event_id` is the client's name of the event that is refused (REALTIME).
    """
    if dialect is Dialect.REALTIME:
        return msgspec.json.encode(_realtime_event(shown, sequence_number, client_event_id))
    if dialect is Dialect.RESPONSES:
        event = _responses_event(shown, sequence_number, response)
        return _named_event(event["type"], event)
    data = body(shown, dialect)
    if dialect is Dialect.MESSAGES:
        return b"event: error\n" + sse.event(data)
    if framing is Framing.SSE:
        return sse.event(data)
    return (b"[" if framing is Framing.ARRAY_START else b",\r\n") + data + b"]"


def _named_event(name: str, event: _Object) -> bytes:
    return b"event: " + name.encode() + b"\n" + sse.event(msgspec.json.encode(event))


def _openai(shown: Shown) -> _Object:
    return {
        "error": {
            "message": shown.message,
            "type": shown.type,
            "param": shown.param,
            "code": shown.code,
        }
    }


def _anthropic(shown: Shown) -> _Object:
    other = "invalid_request_error" if shown.status < 500 else "api_error"
    kind = ANTHROPIC_TYPES.get(shown.status, other)
    return {
        "type": "error",
        "error": {"type": kind, "message": shown.message},
        "request_id": shown.request_id,
    }


def _google(shown: Shown) -> _Object:
    other = "INVALID_ARGUMENT" if shown.status < 500 else "INTERNAL"
    status = GOOGLE_STATUSES.get(shown.status, other)
    return {
        "error": {
            "code": shown.status,
            "message": shown.message,
            "status": status,
            "details": [],
        }
    }


def _responses_event(
    shown: Shown, sequence_number: int, response: Mapping[str, Any] | None
) -> _Object:
    if response is not None:
        failure = {"code": shown.code, "message": shown.message}
        failed = {**response, "status": "failed", "error": failure}
        return {"type": "response.failed", "sequence_number": sequence_number, "response": failed}
    return {
        "type": "error",
        "code": shown.code,
        "message": shown.message,
        "param": shown.param,
        "sequence_number": sequence_number,
    }


def _realtime_event(shown: Shown, sequence_number: int, client_event_id: str | None) -> _Object:
    return {
        "type": "error",
        "event_id": f"event_{shown.request_id}_{sequence_number}",
        "error": {
            "type": shown.type,
            "code": shown.code,
            "message": shown.message,
            "param": shown.param,
            "event_id": client_event_id,
        },
    }


_BODIES: Mapping[Dialect, Callable[[Shown], _Object]] = {
    Dialect.CHAT: _openai,
    Dialect.RESPONSES: _openai,
    Dialect.REALTIME: _openai,  # the handshake is refused over plain HTTP
    Dialect.MESSAGES: _anthropic,
    Dialect.GEMINI: _google,
}
