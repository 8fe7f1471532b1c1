"""An upstream's refusal of a request, in our words. Its own text is read, but never shown.

Anthropic names neither a code nor a parameter: both stand in the message only. Source: Anthropic
API reference, "Errors", read 2026-11; the messages are those that its users report.
"""

import re

import msgspec

from relay.proxy.causes import Cause
from relay.proxy.errors import ApiError


class _Fields(msgspec.Struct):
    type: str | None = None
    message: str | None = None


class _Body(msgspec.Struct):
    error: _Fields


_body = msgspec.json.Decoder(_Body)

_CAUSES = (
    (re.compile(r"prompt is too long|exceeds? (?:the )?context (?:limit|window)", re.I),
     Cause.CONTEXT_LENGTH),
    (re.compile(r"content filtering policy", re.I), Cause.CONTENT_POLICY),
    (re.compile(r"request exceeds the maximum (?:allowed )?(?:size|number of bytes)", re.I),
     Cause.TOO_LARGE),
)  # fmt: skip
# The operator's account at the vendor, not the caller's request: another Route may do better.
_OPERATORS = re.compile(r"credit balance is too low|specified API usage limits", re.I)
_TYPES = {"request_too_large": Cause.TOO_LARGE}
# `max_tokens: 99 > 9, which is the maximum`, `messages.0.content.1.image: Field required`
_PARAM = re.compile(
    r"((?:max_tokens|messages|metadata|output_config|service_tier|stop_sequences|system"
    r"|temperature|thinking|tool_choice|tools|top_k|top_p)(?:\.\w{1,40}){0,12}):"
)
_INDEX = re.compile(r"\.(\d+)(?=\.|$)")


def caller_fault(body: bytes) -> ApiError | None:
    """What the caller did wrong, from the body of a 400, 413 or 422; None where it is the
    operator who is refused."""
    try:
        given = _body.decode(body).error
    except (msgspec.DecodeError, RecursionError):
        return ApiError(Cause.UPSTREAM_REJECTED)
    message = given.message or ""
    if _OPERATORS.search(message):
        return None
    for pattern, cause in _CAUSES:
        if pattern.search(message):
            return ApiError(cause)
    param = _PARAM.match(message)
    path = None if param is None else _INDEX.sub(r"[\1]", param[1])
    return ApiError(_TYPES.get(given.type or "", Cause.UPSTREAM_REJECTED), param=path)
