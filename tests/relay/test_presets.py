"""Every error row of the five sellers' pages, as a caller of a site with that preset gets it."""

from typing import Any

import msgspec
import pytest

from accounts.models import Site
from relay.catalog import presets, values
from relay.proxy import errors
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError, Cause, Detail
from relay.storefronts import contract_of, storefront

RATE = ApiError(Cause.RATE_LIMIT, detail=Detail("requests_per_minute", 60), retry_after_s=9)
WRONG_TYPE = ApiError(Cause.BAD_REQUEST, param="n", detail="n")
NO_MODEL = ApiError(Cause.MODEL_NOT_FOUND, param="model", detail="gpt-9")
NOT_ALLOWED = ApiError(Cause.MODEL_NOT_ALLOWED, param="model", detail="gpt-9")
INTERNAL = ApiError(Cause.INTERNAL)
NO_UPSTREAM = ApiError(Cause.NO_UPSTREAM_AVAILABLE)
BAD_KEYS = (Cause.NO_KEY, Cause.UNKNOWN_KEY, Cause.REVOKED_KEY, Cause.EXPIRED_KEY)
KEY = ApiError(Cause.UNKNOWN_KEY)
SPENT = ApiError(Cause.NO_CREDIT)


def told(preset: str, error: ApiError, language: str) -> tuple[int, dict[str, Any]]:
    """Status and error object on a site with the preset."""
    site = Site(pk="s", preset=preset, language=language)
    answer = errors.answer(error, contract_of(site), Dialect.CHAT, language, "req_1")
    return answer.status, msgspec.json.decode(answer.body)["error"]


def row(kind: str, code: str, message: str, param: str | None = None) -> dict[str, str | None]:
    return {"message": message, "type": kind, "param": param, "code": code}


INVALID = "invalid_request_error"
BIGDOGAI = [
    (WRONG_TYPE, 400, row(INVALID, "invalid_request_error", "请求参数错误：n", "n")),
    (KEY, 401, row("authentication_error", "invalid_api_key", "API Key 无效")),
    (
        RATE,
        429,
        row("rate_limit_error", "rate_limit_exceeded", "请求过于频繁：每分钟 60 次请求。"),
    ),
    (INTERNAL, 500, row("server_error", "server_error", "服务器内部错误")),
]
BAYSTONE = [
    (WRONG_TYPE, 400, row(INVALID, "400", "Bad Request：n", "n")),
    (KEY, 401, row(INVALID, "401", "Invalid API key provided")),
    (
        NOT_ALLOWED,
        403,
        row("permission_error", "403", "Forbidden：该 API 密钥无权使用模型“gpt-9”。", "model"),
    ),
    (NO_MODEL, 404, row(INVALID, "404", "Not Found：模型“gpt-9”不存在。", "model")),
    (RATE, 429, row("rate_limit_error", "429", "Too Many Requests：每分钟 60 次请求。")),
    (INTERNAL, 500, row("server_error", "500", "Internal Server Error")),
    (
        NO_UPSTREAM,
        503,
        row("server_error", "503", "Service Unavailable：该模型暂无可用的供应商，请稍后重试。"),
    ),
]
QINGCHENG = [
    (WRONG_TYPE, 400, row("Bad Request", "invalid_request", "请求参数错误：n", "n")),
    (KEY, 401, row("Unauthorized", "invalid_api_key", "API密钥无效或缺失")),
    (SPENT, 403, row("Forbidden", "credit_balance_exhausted", "账户余额不足")),
    (
        RATE,
        429,
        row("Too Many Requests", "rate_limit_exceeded", "请求频率超限：每分钟 60 次请求。"),
    ),
    (INTERNAL, 500, row("Internal Server Error", "internal_error", "服务器内部错误")),
]
XIDAO = [
    (WRONG_TYPE, 400, row(INVALID, "invalid_request", "请求无效：n", "n")),
    (KEY, 401, row("authentication_error", "invalid_api_key", "API 密钥无效。")),
    (
        SPENT,
        402,
        row("insufficient_quota", "insufficient_quota", "余额不足以支付该请求，请到控制台充值。"),
    ),
    (NO_MODEL, 404, row("not_found", "model_not_found", "模型“gpt-9”不存在。", "model")),
    (
        RATE,
        429,
        row("rate_limit_exceeded", "rate_limit_exceeded", "已达到速率限制：每分钟 60 次请求。"),
    ),
    (
        INTERNAL,
        500,
        row("server_error", "internal_error", "服务器内部错误，已按该请求的 ID 记录。"),
    ),
]
QUOTA = "You exceeded your current quota, please check your plan and billing details"
OVERLOADED = "The engine is currently overloaded, please try again later"
MODELSTUDIO = [
    (WRONG_TYPE, 400, row(INVALID, "invalid_request", "請求無效：n", "n")),
    (KEY, 401, row(INVALID, "invalid_api_key", "Incorrect API key provided. ")),
    (RATE, 429, row("rate_limit_error", "rate_limit_exceeded", "Rate limit reached for requests")),
    (SPENT, 429, row("insufficient_quota", "insufficient_quota", QUOTA)),
    (
        INTERNAL,
        500,
        row(
            "server_error",
            "internal_error",
            "The server had an error while processing your request",
        ),
    ),
    (NO_UPSTREAM, 503, row("server_error", "no_upstream_available", OVERLOADED)),
]


@pytest.mark.parametrize("preset", ["bigdogai", "baystone", "qingcheng", "xidao", "modelstudio"])
@pytest.mark.parametrize("cause", [Cause.UPSTREAM_ERROR, Cause.UPSTREAM_TIMEOUT])
def test_a_failing_provider_is_the_500_of_the_page(preset: str, cause: Cause) -> None:
    status, shown = told(preset, ApiError(cause), "en")
    expected = told(preset, INTERNAL, "en")[1]
    assert (status, shown["type"]) == (500, expected["type"])


PAGES = {
    "bigdogai": ("zh-hans", BIGDOGAI),
    "baystone": ("zh-hans", BAYSTONE),
    "qingcheng": ("zh-hans", QINGCHENG),
    "xidao": ("zh-hans", XIDAO),
    "modelstudio": ("zh-hant", MODELSTUDIO),
}
ROWS = [
    pytest.param(preset, language, *expected, id=f"{preset}-{expected[1]}-{expected[0]}")
    for preset, (language, rows) in PAGES.items()
    for expected in rows
]


@pytest.mark.parametrize(("preset", "language", "error", "status", "shown"), ROWS)
def test_a_row_of_the_page_is_answered_word_for_word(
    preset: str, language: str, error: ApiError, status: int, shown: dict[str, Any]
) -> None:
    assert told(preset, error, language) == (status, shown)


@pytest.mark.parametrize("cause", BAD_KEYS)
@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_a_key_that_is_no_good_gets_the_example_of_the_page(cause: Cause, language: str) -> None:
    error = ApiError(cause)
    baystone = row(INVALID, "401", "Invalid API key provided")
    studio = row(INVALID, "invalid_api_key", "Incorrect API key provided. ")
    assert told("baystone", error, language) == (401, baystone)
    assert told("modelstudio", error, language) == (401, studio)


SPENT_STATUSES = {
    "openai": 402,
    "bigdogai": 402,
    "baystone": 402,
    "qingcheng": 403,
    "xidao": 402,
    "modelstudio": 429,
}


@pytest.mark.parametrize(("preset", "status"), SPENT_STATUSES.items())
@pytest.mark.parametrize("cause", [Cause.NO_CREDIT, Cause.KEY_BUDGET, Cause.ORGANIZATION_BUDGET])
def test_what_is_spent_has_one_status_and_is_never_retried(
    preset: str, status: int, cause: Cause
) -> None:
    looks = contract_of(Site(pk="s", preset=preset)).of(cause)
    assert (looks.status, looks.is_final) == (status, True)


@pytest.mark.parametrize("preset", SPENT_STATUSES)
@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_text_in_every_language(preset: str, cause: Cause) -> None:
    contract = contract_of(Site(pk="s", preset=preset))
    for language in ("en", "zh-hans", "zh-hant"):
        message = contract.of(cause).message(language, "DETAIL")
        assert message.strip()
        assert "{" not in message


@pytest.mark.parametrize("preset", SPENT_STATUSES)
def test_a_preset_changes_nothing_of_what_it_does_not_promise(preset: str) -> None:
    named = set(presets.load(preset).errors)
    contract = contract_of(Site(pk="s", preset=preset))
    for cause in Cause:
        looks, shape = contract.of(cause), cause.value
        if cause.name not in named:
            assert (looks.status, looks.type, looks.code) == (shape.status, shape.type, shape.code)


def test_these_are_all_the_presets() -> None:
    assert values.known_presets() == sorted(SPENT_STATUSES)


def test_only_the_page_with_browser_examples_may_be_called_from_browsers() -> None:
    anywhere = [
        name for name in SPENT_STATUSES if storefront(Site(pk="s", preset=name)).cors_origins
    ]
    assert anywhere == ["qingcheng"]


def test_model_studio_is_reached_under_its_own_base_path() -> None:
    studio = storefront(Site(pk="s", preset="modelstudio"))
    assert studio.path_aliases == ("/compatible-mode/v1",)
