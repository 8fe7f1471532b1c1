"""Every cause as the caller sees it: the table of the design, in each language."""

import msgspec
import pytest

from relay.proxy import error_contract, errors, messages
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError, Cause, Detail

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
            "SITE_SUSPENDED",
            "MODEL_NOT_ALLOWED",
            "ENDPOINT_NOT_ALLOWED",
            "IP_NOT_ALLOWED",
        ],
    ),
    404: (
        "invalid_request_error",
        ["MODEL_NOT_FOUND", "NOT_FOUND", "OBJECT_NOT_FOUND", "ENDPOINT_NOT_SUPPORTED"],
    ),
    405: ("invalid_request_error", ["METHOD_NOT_ALLOWED"]),
    408: ("invalid_request_error", ["CLIENT_TIMEOUT"]),
    409: ("invalid_request_error", ["IDEMPOTENCY_CONFLICT", "IDEMPOTENCY_NOT_KEPT"]),
    413: ("invalid_request_error", ["TOO_LARGE"]),
    415: ("invalid_request_error", ["ENCODING"]),
    421: ("invalid_request_error", ["MISDIRECTED"]),
    422: ("invalid_request_error", ["IDEMPOTENCY_MISMATCH"]),
    429: ("rate_limit_error", ["RATE_LIMIT"]),
    500: ("server_error", ["INTERNAL"]),
    502: ("server_error", ["UPSTREAM_ERROR", "STREAM_CUT"]),
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


LANGUAGES = ("en", "zh-hans", "zh-hant")


def told(
    error: ApiError, language: str = "en", no_credit_status: int | None = None
) -> errors.Answer:
    """The answer of a site without a contract of its own."""
    contract = error_contract.resolve([error_contract.no_credit(no_credit_status)])
    return errors.answer(error, contract, Dialect.CHAT, language, "req_1")


def error_of(answer: errors.Answer) -> dict[str, str | None]:
    found: dict[str, str | None] = msgspec.json.decode(answer.body)["error"]
    return found


@pytest.mark.parametrize(("status", "kind", "name"), CASES)
def test_a_cause_has_the_status_and_type_of_the_design(status: int, kind: str, name: str) -> None:
    answer = told(ApiError(Cause[name]))
    assert (answer.status, error_of(answer)["type"]) == (status, kind)


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_a_cause_has_the_code_of_the_design(name: str, code: str) -> None:
    assert error_of(told(ApiError(Cause[name]), "zh-hans"))["code"] == code


@pytest.mark.parametrize("cause", [cause.name for cause in Cause])
def test_every_cause_has_a_text_of_its_own_in_each_language(cause: str) -> None:
    assert len({messages.TEXTS[cause][language] for language in LANGUAGES}) == 3


@pytest.mark.parametrize("texts", [*messages.TEXTS.values(), *messages.DETAILS.values()])
def test_translations_name_the_same_details(texts: dict[str, str]) -> None:
    assert set(texts) == set(LANGUAGES)
    assert len({"{detail}" in text for text in texts.values()}) == 1
    assert len({"{value}" in text for text in texts.values()}) == 1


def test_causes_that_look_alike_are_told_apart_in_words() -> None:
    alike = [Cause.NO_KEY, Cause.UNKNOWN_KEY, Cause.REVOKED_KEY, Cause.EXPIRED_KEY]
    assert len({told(ApiError(cause)).body for cause in alike}) == 4


def test_every_text_belongs_to_a_cause() -> None:
    assert set(messages.TEXTS) == {cause.name for cause in Cause}


def test_a_language_that_is_not_ours_is_answered_in_english() -> None:
    limit = ApiError(Cause.RATE_LIMIT, detail=Detail("concurrency", 5))
    assert told(limit, "fr") == told(limit, "en")


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "Rate limit reached: 60 requests per minute."),
        ("zh-hans", "已达到速率限制：每分钟 60 次请求。"),
        ("zh-hant", "已達到速率限制：每分鐘 60 次請求。"),
    ],
)
def test_a_detail_is_in_the_language_of_its_sentence(language: str, message: str) -> None:
    error = ApiError(Cause.RATE_LIMIT, detail=Detail("requests_per_minute", 60))
    assert error_of(told(error, language))["message"] == message


@pytest.mark.parametrize("hostile", ["{detail}{0}%s", "{value}", "\\1"])
def test_a_detail_is_never_taken_for_a_pattern(hostile: str) -> None:
    for detail in (hostile, Detail("renews_at", hostile)):
        shown = error_of(told(ApiError(Cause.KEY_BUDGET, detail=detail)))["message"]
        assert shown is not None
        assert hostile in shown


def test_a_detail_that_is_missing_leaves_no_blank_behind() -> None:
    assert (
        error_of(told(ApiError(Cause.KEY_BUDGET)))["message"] == "This API key's budget is spent."
    )


NO_CREDIT = [Cause.NO_CREDIT, Cause.KEY_BUDGET, Cause.ORGANIZATION_BUDGET]


@pytest.mark.parametrize("cause", NO_CREDIT)
@pytest.mark.parametrize("status", [402, 403, 429])
def test_a_site_chooses_the_status_of_a_spent_balance(cause: Cause, status: int) -> None:
    answer = told(ApiError(cause), no_credit_status=status)
    assert answer.status == status
    # even as a 429, which SDKs would retry
    assert (b"x-should-retry", b"false") in answer.headers


@pytest.mark.parametrize("cause", [Cause.RATE_LIMIT, Cause.GATE_UNAVAILABLE, Cause.UPSTREAM_ERROR])
def test_what_may_pass_is_left_to_be_retried(cause: Cause) -> None:
    answer = told(ApiError(cause), no_credit_status=403)
    assert answer.status == cause.value.status
    assert b"x-should-retry" not in dict(answer.headers)


def test_headers_say_when_to_come_back_and_what_is_allowed() -> None:
    limited = dict(told(ApiError(Cause.RATE_LIMIT, retry_after_s=7)).headers)
    assert limited[b"retry-after"] == b"7"
    assert limited[b"x-request-id"] == b"req_1"
    assert (
        dict(told(ApiError(Cause.METHOD_NOT_ALLOWED, detail="POST")).headers)[b"allow"] == b"POST"
    )
