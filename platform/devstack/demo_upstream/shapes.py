"""How each dialect spells an error, as a body and as an event of a stream. Pure.

Sources, read 2026-11: OpenAI "Error codes", Anthropic "Errors", Google "API error model"
(google.rpc.Status), Azure OpenAI "Error codes".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.reply import Frame

_encode = msgspec.json.encode

_OPENAI_KINDS = {429: "rate_limit_error"}
_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}


def _openai(refusal: Refusal) -> dict[str, Any]:
    default = "server_error" if refusal.status >= 500 else "invalid_request_error"
    error = {
        "message": refusal.message,
        "type": _OPENAI_KINDS.get(refusal.status, default),
        "param": refusal.param,
        "code": refusal.code,
    }
    return {"error": error}


def _anthropic(refusal: Refusal) -> dict[str, Any]:
    default = "api_error" if refusal.status >= 500 else "invalid_request_error"
    kind = _ANTHROPIC_KINDS.get(refusal.status, default)
    message = refusal.message if refusal.param is None else f"{refusal.param}: {refusal.message}"
    error = {"type": kind, "message": message}
    return {"type": "error", "error": error, "request_id": "req_demo"}


def _anthropic_event(refusal: Refusal) -> Frame:
    """Overloaded: the one error that Anthropic documents in the midst of a stream."""
    overloaded = _anthropic(Refusal(529, refusal.message))
    return Frame(_encode(overloaded), event="error")


def _google(refusal: Refusal) -> dict[str, Any]:
    message = refusal.message
    if refusal.param is not None:
        message = f"Invalid value at '{refusal.param}': {message}"
    error: dict[str, Any] = {
        "code": refusal.status,
        "message": message,
        "status": _GOOGLE_STATUSES.get(refusal.status, "INTERNAL"),
    }
    if refusal.code == "API_KEY_INVALID":
        info = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        }
        error["details"] = [info]
    return {"error": error}


def _azure(refusal: Refusal) -> dict[str, Any]:
    if refusal.status in (401, 404):  # the gateway's own, before a model is asked
        code = refusal.code or str(refusal.status)
        return {"error": {"code": code, "message": refusal.message}}
    return _openai(refusal)


def _responses_event(refusal: Refusal) -> Frame:
    event = {
        "type": "error",
        "code": "server_error",
        "message": refusal.message,
        "param": None,
        "sequence_number": 0,
    }
    return Frame(_encode(event), event="error")


@dataclass(frozen=True, slots=True)
class Shape:
    """A dialect's errors, and where it looks for a credential."""

    spell: Callable[[Refusal], dict[str, Any]]
    event: Callable[[Refusal], Frame]
    key_header: bytes = b"authorization"
    key_prefix: bytes = b"Bearer "
    key_parameter: str | None = None
    # Of a wrong key: status, message, code.
    wrong_key: tuple[int, str, str | None] = (401, "Incorrect API key provided.", "invalid_api_key")

    def body(self, refusal: Refusal) -> bytes:
        """The error as JSON."""
        return _encode(self.spell(refusal))


OPENAI = Shape(_openai, lambda refusal: Frame(_encode(_openai(refusal))))
RESPONSES = Shape(_openai, _responses_event)
ANTHROPIC = Shape(
    _anthropic,
    _anthropic_event,
    key_header=b"x-api-key",
    key_prefix=b"",
    wrong_key=(401, "invalid x-api-key", None),
)
GOOGLE = Shape(
    _google,
    lambda refusal: Frame(_encode(_google(refusal))),
    key_header=b"x-goog-api-key",
    key_prefix=b"",
    key_parameter="key",
    # Google answers a wrong key with 400, unlike everybody else.
    wrong_key=(400, "API key not valid. Please pass a valid API key.", "API_KEY_INVALID"),
)
AZURE = Shape(
    _azure,
    lambda refusal: Frame(_encode(_openai(refusal))),
    key_header=b"api-key",
    key_prefix=b"",
    wrong_key=(
        401,
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide"
        " a valid key for an active subscription and use a correct regional API endpoint for your"
        " resource.",
        "401",
    ),
)
