"""An upstream's refusal of a request, in our words. Its own text is read, but never shown.

Google names the parameter in a detail, or in the message only, and answers 400 to a bad key as
well. Sources, read 2026-11: Gemini API, "API errors"; Google Cloud, "Error details" (BadRequest,
ErrorInfo); the messages are those that its users report.
"""

import re

import msgspec

from relay.proxy.causes import Cause
from relay.proxy.errors import ApiError


class _Violation(msgspec.Struct):
    field: str | None = None


class _Detail(msgspec.Struct, rename={"violations": "fieldViolations"}):
    reason: str | None = None
    violations: list[_Violation] | None = None


class _Fields(msgspec.Struct):
    status: str | None = None
    message: str | None = None
    details: list[_Detail] | None = None


class _Body(msgspec.Struct):
    error: _Fields


# A stream that is refused may be answered with an array of one.
_body = msgspec.json.Decoder(_Body | list[_Body])

_CAUSES = (
    (re.compile(r"token count .{0,80}exceeds the maximum|exceeds the .{0,40}context", re.I),
     Cause.CONTEXT_LENGTH),
    (re.compile(r"payload size exceeds", re.I), Cause.TOO_LARGE),
)  # fmt: skip
# The operator's key, account or place, not the caller's request: another Route may do better.
_OPERATORS = re.compile(r"API[ _]key|location is not supported|billing", re.I)
_REASONS = frozenset(("API_KEY_INVALID", "API_KEY_EXPIRED", "SERVICE_DISABLED", "BILLING_DISABLED"))
_PATH = r"[A-Za-z_][A-Za-z0-9_.\[\]]{0,99}"
_PARAM = re.compile(_PATH)
# `* GenerateContentRequest.contents: contents is not specified`,
# `Invalid value at 'generation_config.top_k' (…)`, `Unknown name "x" at 'contents[0]'`
_IN_MESSAGE = re.compile(
    rf"(?:GenerateContentRequest|BatchEmbedContentsRequest|EmbedContentRequest)\.({_PATH}):"
    rf"|value at '({_PATH})'"
)
_UNKNOWN = re.compile(rf'Unknown name "(\w{{1,60}})"(?: at \'({_PATH})\')?')


def caller_fault(body: bytes) -> ApiError | None:
    """What the caller did wrong, from the body of a 400, 413 or 422; None where it is the
    operator who is refused."""
    try:
        given = _body.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return ApiError(Cause.UPSTREAM_REJECTED)
    if isinstance(given, list):
        if not given:
            return ApiError(Cause.UPSTREAM_REJECTED)
        given = given[0]
    message, details = (given.error.message or "")[:4_000], given.error.details or []
    reasons = {detail.reason for detail in details}
    if reasons & _REASONS or given.error.status == "FAILED_PRECONDITION":
        return None
    if _OPERATORS.search(message):
        return None
    for pattern, cause in _CAUSES:
        if pattern.search(message):
            return ApiError(cause)
    return ApiError(Cause.UPSTREAM_REJECTED, param=_param(message, details))


def _param(message: str, details: list[_Detail]) -> str | None:
    if (unknown := _UNKNOWN.search(message)) is not None:
        return f"{unknown[2]}.{unknown[1]}" if unknown[2] else unknown[1]
    fields = [each.field for detail in details for each in detail.violations or []]
    if (named := _IN_MESSAGE.search(message)) is not None:
        fields.append(named[1] or named[2])
    return next((field for field in fields if field and _PARAM.fullmatch(field)), None)
