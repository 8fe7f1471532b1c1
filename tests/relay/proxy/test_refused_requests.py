"""Requests refused before the gate, or by it: status, code, headers, and who hears of it."""

import time
from typing import Any

import pytest

from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Standing
from tests.relay.proxy.fake_gate import RATES
from tests.relay.proxy.fakes import (
    BODY_BYTES_MAX,
    SECRET,
    Exchange,
    House,
    caller,
    chat_body,
    house,
    site,
)


async def refused(**given: Any) -> tuple[Exchange, House]:
    """The answer of a relay that has nothing to relay to."""
    async with house() as made:
        return await made.request(**({"body": [chat_body()]} | given)).begin().finish(), made


def facts(answer: Exchange) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")
    return answer.status, answer.error()["code"]


@pytest.mark.parametrize("headers", [{"authorization": ""}, {"authorization": "Bearer sk-wrong"}])
async def test_without_a_known_key_nothing_is_counted(headers: dict[str, str]) -> None:
    answer, made = await refused(headers=headers)
    assert facts(answer) == (401, "invalid_api_key")
    assert made.sink.refusals == []


async def test_a_key_of_another_site_is_as_good_as_none() -> None:
    async with house() as made:
        made.keys.callers[SECRET] = caller(site_id="globex")
        answer = await made.answer()
        assert facts(answer) == (401, "invalid_api_key")
        assert "Incorrect API key" in answer.error()["message"]
        assert made.sink.refusals == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"standing": Standing.REVOKED}, (401, "invalid_api_key")),
        ({"expires_at": time.time() - 1}, (401, "invalid_api_key")),
        ({"standing": Standing.DISABLED}, (403, "api_key_disabled")),
        ({"standing": Standing.SUSPENDED}, (403, "organization_suspended")),
        ({"standing": Standing.SITE_SUSPENDED}, (403, "site_suspended")),
        ({"allowed_models": frozenset({"other"})}, (404, "model_not_found")),
    ],
)
async def test_a_known_key_without_the_right_is_refused_and_counted(
    changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    async with house() as made:
        made.keys.callers[SECRET] = caller(**changes)
        made.routes.offers = {}
        answer = await made.answer()
        assert facts(answer) == expected
        (refusal,) = made.sink.refusals
        assert (refusal["code"], refusal["status"]) == (expected[1], expected[0])
        assert refusal["request_id"] == answer.headers["x-request-id"]


async def test_a_key_that_expires_later_is_good() -> None:
    async with house() as made:
        made.keys.callers[SECRET] = caller(expires_at=time.time() + 60)
        assert facts(await made.answer())[1] == "no_upstream_available"


async def test_a_model_that_is_not_allowed_is_a_403_that_names_it() -> None:
    async with house() as made:
        made.keys.callers[SECRET] = caller(allowed_models=frozenset({"other"}))
        answer = await made.answer()
        assert facts(answer) == (403, "model_not_allowed")
        assert answer.error()["param"] == "model"
        assert answer.headers["x-should-retry"] == "false"
        assert made.sink.refusals[0]["model"] == "small"


async def test_an_unknown_model_is_a_404_that_names_it_briefly() -> None:
    answer, made = await refused(body=[chat_body().replace(b"small", b"x" * 5_000)])
    assert facts(answer) == (404, "model_not_found")
    assert len(answer.body) < 400
    assert len(made.sink.refusals[0]["model"]) == 200


async def test_a_directory_that_cannot_tell_is_a_503_and_never_a_401() -> None:
    async with house() as made:
        made.keys.error = ApiError(Cause.GATE_UNAVAILABLE, retry_after_s=1)
        answer = await made.answer()
        assert facts(answer) == (503, "gate_unavailable")
        assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("denial", "status", "headers"),
    [
        (
            ApiError(Cause.RATE_LIMIT, rule="r", retry_after_s=17, rates=RATES),
            429,
            {"retry-after": "17", "x-ratelimit-limit-requests": "600"},
        ),
        (ApiError(Cause.NO_CREDIT, rule="r"), 402, {"x-should-retry": "false"}),
        (ApiError(Cause.KEY_BUDGET, rule="r"), 402, {"x-should-retry": "false"}),
        (ApiError(Cause.GATE_UNAVAILABLE, rule="r", retry_after_s=1), 503, {"retry-after": "1"}),
    ],
)
async def test_the_gates_no_is_told_and_counted(
    denial: ApiError, status: int, headers: dict[str, str]
) -> None:
    async with house() as made:
        made.gate.denial = denial
        answer = await made.answer()
        assert facts(answer) == (status, denial.cause.value.code)
        assert headers.items() <= answer.headers.items()
        assert ("x-should-retry" in answer.headers) == ("x-should-retry" in headers)
        assert made.sink.refusals[0]["rule"] == "r"


@pytest.mark.parametrize("status", [403, 429])
async def test_a_site_answers_a_spent_balance_with_its_own_status(status: int) -> None:
    async with house() as made:
        made.routes.site = site(no_credit_status=status)
        made.gate.denial = ApiError(Cause.NO_CREDIT)
        answer = await made.answer()
        assert facts(answer) == (status, "credit_balance_exhausted")
        assert answer.headers["x-should-retry"] == "false"
        assert made.sink.refusals[0]["status"] == status


@pytest.mark.parametrize(("language", "word"), [("zh-hans", "余额"), ("zh-hant", "餘額")])
async def test_errors_are_in_the_sites_language(language: str, word: str) -> None:
    async with house() as made:
        made.routes.site = site(language=language)
        made.gate.denial = ApiError(Cause.NO_CREDIT)
        answer = await made.answer()
        assert word in answer.error()["message"]
        assert word.encode() in answer.body  # as text, not as escapes


async def test_a_host_that_is_no_site_is_a_421() -> None:
    answer, _ = await refused(headers={"host": "globex.localhost"})
    assert facts(answer) == (421, "unknown_host")


@pytest.mark.parametrize("path", ["/v1/", "/v1/files", "/v1/chat/completions/", "/v1/modelsx"])
async def test_a_path_that_is_not_served_is_a_404(path: str) -> None:
    answer, made = await refused(path=path, method="GET")
    assert facts(answer) == (404, "not_found")
    assert made.gate.admitted == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/chat/completions", "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
    ],
)
async def test_a_method_that_is_not_served_is_a_405(method: str, path: str, allowed: str) -> None:
    answer, _ = await refused(method=method, path=path)
    assert facts(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


async def test_an_announced_body_beyond_the_bound_is_refused_unread() -> None:
    headers = {"content-length": str(100_000_000)}
    answer, made = await refused(headers=headers, body=[b"{" * 10, b"never read"])
    assert facts(answer) == (413, "request_too_large")
    assert made.sink.refusals[0]["status"] == 413


async def test_an_unannounced_body_beyond_the_bound_is_refused() -> None:
    answer, _ = await refused(body=[b"x" * 600_000] * 3)
    assert facts(answer) == (413, "request_too_large")
    assert str(BODY_BYTES_MAX) in answer.error()["message"]


async def test_a_compressed_body_is_refused() -> None:
    answer, _ = await refused(headers={"content-encoding": "gzip"}, body=[b"\x1f\x8b"])
    assert facts(answer) == (415, "unsupported_content_encoding")


HOSTILE = [
    b'{"model":"small","messages":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b'{"a":' * 10_000,
    chat_body().replace(b"hello", b"a\x00b"),
    chat_body().replace(b"hello", b"\\ud800"),
    chat_body().replace(b"hello", b"\xff\xfe"),
    chat_body().replace(b"small", b"a\\u0000b"),
    b"",
    b"\xef\xbb\xbf{}",
]


@pytest.mark.parametrize("body", HOSTILE)
async def test_a_hostile_body_is_a_400_and_holds_nothing(body: bytes) -> None:
    started = time.monotonic()
    answer, made = await refused(body=[body])
    assert answer.status == 400
    assert time.monotonic() - started < 1
    assert made.gate.admitted == []
    assert "\0" not in made.sink.refusals[0]["model"]


async def test_a_client_that_leaves_before_its_request_is_whole_is_not_answered() -> None:
    async with house() as made:
        exchange = made.request(body=())
        exchange.leave()
        await exchange.begin().finish()
        assert exchange.messages == []


async def test_a_head_request_gets_the_head_alone() -> None:
    answer, _ = await refused(method="HEAD", path="/v1/models", body=[b""])
    assert (answer.status, answer.body, answer.is_whole) == (200, b"", True)
    assert int(answer.headers["content-length"]) > 0
