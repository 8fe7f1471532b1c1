"""Every error in every dialect: as a body, and as what ends a stream."""

from typing import Any

import msgspec
import pytest

from relay.proxy import error_contract, errors
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError, Cause, Framing

CONTRACT = error_contract.DEFAULT
LIMIT = ApiError(Cause.RATE_LIMIT, param="n", detail="so many")
MESSAGE = "Rate limit reached: so many."


def body(error: ApiError, dialect: Dialect, language: str = "en") -> Any:
    answer = errors.answer(error, CONTRACT, dialect, language, "req_1")
    return msgspec.json.decode(answer.body)


def event(error: ApiError, dialect: Dialect, **options: Any) -> bytes:
    return errors.event(error, CONTRACT, dialect, "en", "req_1", **options)


def data(frame: bytes) -> Any:
    """The JSON of a frame's one data line."""
    (line,) = [line for line in frame.split(b"\n") if line.startswith(b"data: ")]
    assert frame.endswith(b"\n\n")
    return msgspec.json.decode(line[6:])


OPENAI = {
    "error": {
        "message": MESSAGE,
        "type": "rate_limit_error",
        "param": "n",
        "code": "rate_limit_exceeded",
    }
}
ANTHROPIC = {
    "type": "error",
    "error": {"type": "rate_limit_error", "message": MESSAGE},
    "request_id": "req_1",
}
GOOGLE = {"error": {"code": 429, "message": MESSAGE, "status": "RESOURCE_EXHAUSTED", "details": []}}
BODIES = {
    Dialect.CHAT: OPENAI,
    Dialect.RESPONSES: OPENAI,
    Dialect.REALTIME: OPENAI,
    Dialect.MESSAGES: ANTHROPIC,
    Dialect.GEMINI: GOOGLE,
}


@pytest.mark.parametrize("dialect", Dialect)
def test_a_body_is_in_the_shape_of_its_dialect(dialect: Dialect) -> None:
    assert body(LIMIT, dialect) == BODIES[dialect]


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("cause", Cause)
def test_every_cause_renders_in_every_dialect_and_language(cause: Cause, dialect: Dialect) -> None:
    said = {}
    for language in ("en", "zh-hans", "zh-hant"):
        shown = body(ApiError(cause, detail="DETAIL"), dialect, language)["error"]
        assert shown["message"] == CONTRACT.of(cause).message(language, "DETAIL")
        assert "{" not in shown["message"]
        said[language] = shown["message"]
        assert errors.event(ApiError(cause), CONTRACT, dialect, language, "req_1")
    assert len(set(said.values())) == 3


ANTHROPIC_TYPES = {
    Cause.BAD_REQUEST: "invalid_request_error",
    Cause.UNKNOWN_KEY: "authentication_error",
    Cause.NO_CREDIT: "billing_error",
    Cause.MODEL_NOT_ALLOWED: "permission_error",
    Cause.MODEL_NOT_FOUND: "not_found_error",
    Cause.METHOD_NOT_ALLOWED: "invalid_request_error",
    Cause.TOO_LARGE: "request_too_large",
    Cause.RATE_LIMIT: "rate_limit_error",
    Cause.INTERNAL: "api_error",
    Cause.UPSTREAM_ERROR: "api_error",
    Cause.NO_UPSTREAM_AVAILABLE: "overloaded_error",
    Cause.UPSTREAM_TIMEOUT: "timeout_error",
}
GOOGLE_STATUSES = {
    Cause.BAD_REQUEST: "INVALID_ARGUMENT",
    Cause.UNKNOWN_KEY: "UNAUTHENTICATED",
    Cause.NO_CREDIT: "RESOURCE_EXHAUSTED",
    Cause.IP_NOT_ALLOWED: "PERMISSION_DENIED",
    Cause.MODEL_NOT_FOUND: "NOT_FOUND",
    Cause.TOO_LARGE: "INVALID_ARGUMENT",
    Cause.IDEMPOTENCY_CONFLICT: "ABORTED",
    Cause.INTERNAL: "INTERNAL",
    Cause.UPSTREAM_ERROR: "UNAVAILABLE",
    Cause.GATE_UNAVAILABLE: "UNAVAILABLE",
    Cause.UPSTREAM_TIMEOUT: "DEADLINE_EXCEEDED",
}


@pytest.mark.parametrize(("cause", "kind"), ANTHROPIC_TYPES.items())
def test_anthropic_clients_read_anthropics_words(cause: Cause, kind: str) -> None:
    assert body(ApiError(cause), Dialect.MESSAGES)["error"]["type"] == kind


@pytest.mark.parametrize(("cause", "status"), GOOGLE_STATUSES.items())
def test_gemini_clients_read_googles_words(cause: Cause, status: str) -> None:
    shown = body(ApiError(cause), Dialect.GEMINI)["error"]
    assert (shown["code"], shown["status"]) == (cause.value.status, status)


def test_anthropics_words_follow_the_status_that_the_site_chose() -> None:
    contract = error_contract.resolve([error_contract.no_credit(403)])
    answer = errors.answer(ApiError(Cause.NO_CREDIT), contract, Dialect.MESSAGES, "en", "req_1")
    assert answer.status == 403
    assert msgspec.json.decode(answer.body)["error"]["type"] == "permission_error"


def test_the_request_id_is_where_each_vendors_sdk_looks_for_it() -> None:
    for dialect in Dialect:
        headers = dict(errors.answer(LIMIT, CONTRACT, dialect, "en", "req_1").headers)
        assert headers[b"x-request-id"] == b"req_1"
        assert headers.get(b"request-id") == (b"req_1" if dialect is Dialect.MESSAGES else None)


def test_a_chat_stream_ends_in_a_data_frame() -> None:
    frame = event(LIMIT, Dialect.CHAT)
    assert frame.startswith(b"data: ")
    assert data(frame) == OPENAI


def test_a_messages_stream_ends_in_an_error_event() -> None:
    frame = event(LIMIT, Dialect.MESSAGES)
    assert frame.startswith(b"event: error\ndata: ")
    assert data(frame) == ANTHROPIC


def test_a_responses_stream_ends_in_an_error_event_with_its_number() -> None:
    frame = event(LIMIT, Dialect.RESPONSES, sequence_number=7)
    assert frame.startswith(b"event: error\ndata: ")
    assert data(frame) == {
        "type": "error",
        "code": "rate_limit_exceeded",
        "message": MESSAGE,
        "param": "n",
        "sequence_number": 7,
    }


def test_a_response_that_had_begun_has_failed() -> None:
    begun = {"id": "resp_1", "object": "response", "status": "in_progress", "error": None}
    frame = event(LIMIT, Dialect.RESPONSES, sequence_number=7, response=begun)
    assert frame.startswith(b"event: response.failed\ndata: ")
    failure = {"code": "rate_limit_exceeded", "message": MESSAGE}
    assert data(frame) == {
        "type": "response.failed",
        "sequence_number": 7,
        "response": {**begun, "status": "failed", "error": failure},
    }
    assert begun["status"] == "in_progress"


def test_a_gemini_stream_ends_in_a_data_frame() -> None:
    assert data(event(LIMIT, Dialect.GEMINI)) == GOOGLE


@pytest.mark.parametrize(
    ("begun", "framing"), [(b"", Framing.ARRAY_START), (b'[{"a":1}', Framing.ARRAY_GOES_ON)]
)
def test_a_gemini_array_is_closed_by_its_error(begun: bytes, framing: Framing) -> None:
    whole = msgspec.json.decode(begun + event(LIMIT, Dialect.GEMINI, framing=framing))
    assert whole[-1] == GOOGLE


def test_a_socket_gets_an_error_event_of_its_own_id() -> None:
    first, second = (
        msgspec.json.decode(event(LIMIT, Dialect.REALTIME, sequence_number=n)) for n in (1, 2)
    )
    assert first["type"] == "error"
    assert first["error"] == {**OPENAI["error"], "event_id": None}
    assert first["event_id"] != second["event_id"]
