"""An OpenAI-like upstream's refusal of a request, in our words; its own text is never shown.

The same shape for chat and responses; some vendors leave out the `error` around it. Source: OpenAI,
"Error codes", read 2026-11; the messages are those that vLLM and others of this format give.
"""

import re

import msgspec

from relay.proxy.causes import Cause
from relay.proxy.errors import ApiError


class _Fields(msgspec.Struct):
    code: str | int | None = None
    type: str | None = None
    param: str | None = None
    message: str | None = None


class _Body(msgspec.Struct):
    error: _Fields | str | None = None
    code: str | int | None = None
    type: str | None = None
    param: str | None = None
    message: str | None = None


_body = msgspec.json.Decoder(_Body)

# Codes that clients act on, and what we call them.
_CODES = {
    "context_length_exceeded": Cause.CONTEXT_LENGTH,
    "content_filter": Cause.CONTENT_POLICY,
    "content_policy_violation": Cause.CONTENT_POLICY,
}
_TOO_LONG = re.compile(r"maximum context length|context window|prompt is too long", re.I)
# The operator's account at the vendor, not the caller's request: another Route may do better.
_OPERATORS = frozenset({"billing_hard_limit_reached", "billing_not_active", "insufficient_quota"})
# What may stand in a parameter's path, such as `messages[0].content`; a key could not.
_PARAM = re.compile(r"[A-Za-z0-9_.\[\]]{1,100}")


def caller_fault(body: bytes) -> ApiError | None:
    """What the caller did wrong, from the body of a 400, 413 or 422; None where it is the
    operator who is refused."""
    try:
        given = _body.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return ApiError(Cause.UPSTREAM_REJECTED)
    told = given.error if isinstance(given.error, _Fields) else given
    if {str(told.code), told.type} & _OPERATORS:
        return None
    cause = _CODES.get(str(told.code), Cause.UPSTREAM_REJECTED)
    if cause is Cause.UPSTREAM_REJECTED and _TOO_LONG.search(told.message or ""):
        cause = Cause.CONTEXT_LENGTH
    param = told.param if told.param and _PARAM.fullmatch(told.param) else None
    return ApiError(cause, param=param)
