"""A Call's refusal or failure, and how a caller is told of it: an HTTP answer, or the last event
of a stream. The error itself knows neither site, dialect nor language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from relay.proxy import error_shapes, messages, phrases
from relay.proxy.answer_headers import Header, rate_headers, request_id_headers
from relay.proxy.causes import Cause
from relay.proxy.dialect import Dialect
from relay.proxy.error_contract import ErrorContract
from relay.proxy.error_shapes import Framing, Shown
from relay.proxy.messages import Detail
from relay.proxy.types import Rates

__all__ = ["Answer", "ApiError", "Cause", "Detail", "Framing", "answer", "event"]

_JSON = (b"content-type", b"application/json")


@dataclass(eq=False, slots=True)
class ApiError(Exception):
    """Why a Call was refused or failed, before it is put into words and a dialect."""

    cause: Cause
    param: str | None = None
    detail: str | Detail = ""  # fills {detail} of the message; never an upstream's own text
    rule: str = ""  # for the dashboard: which limit fired, e.g. "requests_per_minute 60 (key)"
    retry_after_s: int | None = None
    rates: Rates | None = None  # where the gate was asked
    hint: Detail | None = None  # a sentence after the message, whatever a site makes of that

    def __str__(self) -> str:
        return self.cause.value.code


class Answer(NamedTuple):
    """An error as an HTTP answer."""

    status: int
    headers: list[Header]
    body: bytes


def answer(
    error: ApiError, contract: ErrorContract, dialect: Dialect, language: str, request_id: str
) -> Answer:
    """The whole HTTP answer, content-length apart."""
    looks = contract.of(error.cause)
    headers = [_JSON, *request_id_headers(request_id, dialect)]
    headers += rate_headers(error.rates)
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_s))
    if error.cause is Cause.METHOD_NOT_ALLOWED:
        headers.append((b"allow", str(error.detail).encode()))  # RFC 9110, 15.5.6
    if looks.is_final:
        headers.append((b"x-should-retry", b"false"))
    shown = _shown(error, contract, language, request_id)
    return Answer(looks.status, headers, error_shapes.body(shown, dialect))


def event(
    error: ApiError,
    contract: ErrorContract,
    dialect: Dialect,
    language: str,
    request_id: str,
    *,
    framing: Framing = Framing.SSE,
    sequence_number: int = 0,
    response: Mapping[str, Any] | None = None,
    client_event_id: str | None = None,
) -> bytes:
    """The last frame of a stream that fails; see `error_shapes.frame` for the options."""
    return error_shapes.frame(
        _shown(error, contract, language, request_id),
        dialect,
        framing=framing,
        sequence_number=sequence_number,
        response=response,
        client_event_id=client_event_id,
    )


def _shown(error: ApiError, contract: ErrorContract, language: str, request_id: str) -> Shown:
    looks, detail = contract.of(error.cause), error.detail
    if error.cause is Cause.BAD_REQUEST and isinstance(detail, str):
        detail = phrases.worded(detail, language)
    return Shown(
        status=looks.status,
        type=looks.type,
        code=looks.code,
        message=looks.message(language, detail) + _hint(error.hint, language),
        param=error.param,
        request_id=request_id,
    )


def _hint(hint: Detail | None, language: str) -> str:
    return "" if hint is None else messages.hint(hint, language)
