"""Every cause as the caller sees it: the table of the design, in each language."""

import msgspec
import pytest

from relay.proxy import messages
from relay.proxy.errors import ApiError, Cause

TABLE = {
    400: ("invalid_request_error", ["INVALID_JSON", "BAD_REQUEST", "MISSING_PARAMETER"]),
    401: ("authentication_error", ["NO_KEY", "UNKNOWN_KEY", "REVOKED_KEY", "EXPIRED_KEY"]),
    402: ("insufficient_quota", ["NO_CREDIT", "KEY_BUDGET", "ORGANIZATION_BUDGET"]),
    403: (
        "permission_error",
        [
            "KEY_DISABLED",
            "ORGANIZATION_SUSPENDED",
            "ORGANIZATION_FROZEN",
            "MODEL_NOT_ALLOWED",
            "ENDPOINT_NOT_ALLOWED",
            "IP_NOT_ALLOWED",
        ],
    ),
    404: ("invalid_request_error", ["MODEL_NOT_FOUND", "NOT_FOUND", "ENDPOINT_NOT_SUPPORTED"]),
    405: ("invalid_request_error", ["METHOD_NOT_ALLOWED"]),
    408: ("invalid_request_error", ["CLIENT_TIMEOUT"]),
    409: ("invalid_request_error", ["IDEMPOTENCY_CONFLICT"]),
    413: ("invalid_request_error", ["TOO_LARGE"]),
    415: ("invalid_request_error", ["ENCODING"]),
    421: ("invalid_request_error", ["MISDIRECTED"]),
    422: ("invalid_request_error", ["IDEMPOTENCY_MISMATCH"]),
    429: ("rate_limit_error", ["RATE_LIMIT"]),
    500: ("server_error", ["INTERNAL"]),
    502: ("server_error", ["UPSTREAM_ERROR"]),
    503: ("server_error", ["NO_UPSTREAM_AVAILABLE", "GATE_UNAVAILABLE"]),
    504: ("server_error", ["UPSTREAM_TIMEOUT"]),
}
CASES = [(status, kind, name) for status, (kind, names) in TABLE.items() for name in names]
CODES = {
    "NO_KEY": "invalid_api_key",
    "REVOKED_KEY": "invalid_api_key",
    "NO_CREDIT": "credit_balance_exhausted",
    "KEY_BUDGET": "key_budget_exceeded",
    "ORGANIZATION_BUDGET": "organization_budget_exceeded",
    "ENDPOINT_NOT_ALLOWED": "endpoint_not_allowed",
    "IP_NOT_ALLOWED": "ip_not_allowed",
    "MODEL_NOT_ALLOWED": "model_not_allowed",
    "MODEL_NOT_FOUND": "model_not_found",
    "TOO_LARGE": "request_too_large",
    "RATE_LIMIT": "rate_limit_exceeded",
    "UPSTREAM_ERROR": "upstream_error",
    "NO_UPSTREAM_AVAILABLE": "no_upstream_available",
    "UPSTREAM_TIMEOUT": "upstream_timeout",
    "GATE_UNAVAILABLE": "gate_unavailable",
}


@pytest.mark.parametrize(("status", "kind", "name"), CASES)
def test_a_cause_has_the_status_and_type_of_the_design(status: int, kind: str, name: str) -> None:
    error = ApiError(Cause[name])
    assert error.status_for(402) == status
    assert msgspec.json.decode(error.body("en"))["error"]["type"] == kind


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_a_cause_has_the_code_of_the_design(name: str, code: str) -> None:
    assert msgspec.json.decode(ApiError(Cause[name]).body("zh-hans"))["error"]["code"] == code


def test_the_body_has_the_openai_shape() -> None:
    error = ApiError(Cause.BAD_REQUEST, param="n", detail="'n' must be int")
    assert msgspec.json.decode(error.body("en")) == {
        "error": {
            "message": "Invalid request: 'n' must be int",
            "type": "invalid_request_error",
            "param": "n",
            "code": "invalid_request",
        }
    }


@pytest.mark.parametrize("cause", [*[cause.name for cause in Cause], "STREAM_CUT"])
def test_every_cause_has_a_text_of_its_own_in_each_language(cause: str) -> None:
    texts = {messages.text(cause, language, "") for language in ("en", "zh-hans", "zh-hant")}
    assert len(texts) == 3


@pytest.mark.parametrize("cause", list(messages.TEXTS))
def test_translations_name_the_same_details(cause: str) -> None:
    assert len({"{detail}" in text for text in messages.TEXTS[cause].values()}) == 1


def test_causes_that_look_alike_are_told_apart_in_words() -> None:
    alike = [Cause.NO_KEY, Cause.UNKNOWN_KEY, Cause.REVOKED_KEY, Cause.EXPIRED_KEY]
    assert len({ApiError(cause).body("en") for cause in alike}) == 4


def test_every_text_belongs_to_a_cause() -> None:
    assert set(messages.TEXTS) == {cause.name for cause in Cause} | {"STREAM_CUT"}


def test_a_language_that_is_not_ours_is_answered_in_english() -> None:
    assert messages.text("NO_KEY", "fr") == messages.text("NO_KEY", "en")


def test_a_detail_is_never_taken_for_a_pattern() -> None:
    assert "{detail}{0}%s" in messages.text("MODEL_NOT_FOUND", "en", "{detail}{0}%s")


@pytest.mark.parametrize("cause", [Cause.NO_CREDIT, Cause.KEY_BUDGET, Cause.ORGANIZATION_BUDGET])
@pytest.mark.parametrize("status", [402, 403, 429])
def test_a_site_chooses_the_status_of_a_spent_balance(cause: Cause, status: int) -> None:
    error = ApiError(cause)
    assert error.status_for(status) == status
    assert error.is_final(status)  # even as a 429, which SDKs would retry


@pytest.mark.parametrize("cause", [Cause.RATE_LIMIT, Cause.GATE_UNAVAILABLE, Cause.UPSTREAM_ERROR])
def test_what_may_pass_is_left_to_be_retried(cause: Cause) -> None:
    error = ApiError(cause)
    assert error.status_for(403) == cause.value.status
    assert not error.is_final(cause.value.status)
