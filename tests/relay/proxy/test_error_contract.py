"""A site's own error contract: what it may change, and which layer wins."""

import msgspec
import pytest

from relay.proxy import error_contract, errors
from relay.proxy.dialect import Dialect
from relay.proxy.error_contract import ErrorContract, Override
from relay.proxy.errors import ApiError, Cause

PRESET = {
    Cause.UNKNOWN_KEY: Override(type="invalid_request_error", code="401", message={"en": "No."}),
    Cause.NO_CREDIT: Override(status=403, message={"en": "Broke: {detail}"}),
}


def looks(contract: ErrorContract, cause: Cause) -> tuple[int, str, str]:
    row = contract.of(cause)
    return row.status, row.type, row.code


def test_a_preset_changes_only_what_it_names() -> None:
    contract = error_contract.resolve([PRESET])
    assert looks(contract, Cause.UNKNOWN_KEY) == (401, "invalid_request_error", "401")
    assert looks(contract, Cause.NO_CREDIT)[0] == 403
    assert looks(contract, Cause.NO_CREDIT)[2] == "credit_balance_exhausted"
    assert looks(contract, Cause.NO_KEY) == looks(error_contract.DEFAULT, Cause.NO_KEY)


def test_a_language_that_the_preset_leaves_out_keeps_our_text() -> None:
    row = error_contract.resolve([PRESET]).of(Cause.UNKNOWN_KEY)
    assert row.message("en", "") == "No."
    assert row.message("zh-hans", "") == "API 密钥无效。"


def test_the_later_layer_wins_field_by_field() -> None:
    own = {Cause.NO_CREDIT: Override(code="out_of_money")}
    contract = error_contract.resolve([PRESET, error_contract.no_credit(429), own])
    assert looks(contract, Cause.NO_CREDIT) == (429, "insufficient_quota", "out_of_money")
    assert contract.of(Cause.NO_CREDIT).message("en", "x") == "Broke: x"
    assert contract.status(Cause.KEY_BUDGET) == 429


def test_no_status_for_spent_balances_leaves_them_to_the_preset() -> None:
    contract = error_contract.resolve([PRESET, error_contract.no_credit(None)])
    assert contract.status(Cause.NO_CREDIT) == 403
    assert contract.status(Cause.KEY_BUDGET) == 402


def test_a_text_goes_out_word_for_word_white_space_included() -> None:
    contract = error_contract.resolve([{Cause.UNKNOWN_KEY: Override(message={"en": "Bad key. "})}])
    error = ApiError(Cause.UNKNOWN_KEY)
    answer = errors.answer(error, contract, Dialect.CHAT, "en", "req_1")
    assert msgspec.json.decode(answer.body)["error"]["message"] == "Bad key. "


@pytest.mark.parametrize(
    ("cause", "status", "is_final"),
    [
        (Cause.NO_CREDIT, 429, True),
        (Cause.MODEL_NOT_FOUND, 409, True),  # SDKs would retry a 409
        (Cause.MODEL_NOT_FOUND, 400, False),  # nobody retries a 400: nothing to say
        (Cause.RATE_LIMIT, 503, False),
        (Cause.IDEMPOTENCY_CONFLICT, 409, False),
        (Cause.IDEMPOTENCY_NOT_KEPT, 409, True),
    ],
)
def test_the_retry_header_follows_status_and_cause(
    cause: Cause, status: int, is_final: bool
) -> None:
    contract = error_contract.resolve([{cause: Override(status=status)}])
    headers = dict(errors.answer(ApiError(cause), contract, Dialect.CHAT, "en", "req_1").headers)
    assert (headers.get(b"x-should-retry") == b"false") is is_final


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.GATE_UNAVAILABLE, 401),  # an outage of ours never looks like a wrong key
        (Cause.GATE_UNAVAILABLE, 400),
        (Cause.UPSTREAM_ERROR, 429),
        (Cause.BAD_REQUEST, 401),
        (Cause.BAD_REQUEST, 402),
        (Cause.BAD_REQUEST, 500),
        (Cause.NO_CREDIT, 401),
        (Cause.NO_CREDIT, 500),
        (Cause.RATE_LIMIT, 402),
        (Cause.UNKNOWN_KEY, 200),
        (Cause.UNKNOWN_KEY, 429),
        (Cause.MODEL_NOT_ALLOWED, 402),
        (Cause.INTERNAL, 600),
    ],
)
def test_a_status_that_makes_no_sense_for_a_cause_is_refused(cause: Cause, status: int) -> None:
    with pytest.raises(ValueError, match=f"{cause.name} is answered with"):
        error_contract.check_status(cause, status)
    with pytest.raises(ValueError, match="is answered with"):
        error_contract.from_plain(cause.name, {"status": status})


@pytest.mark.parametrize("cause", Cause)
def test_every_default_keeps_the_rule(cause: Cause) -> None:
    error_contract.check_status(cause, cause.value.status)


def test_a_stored_row_is_read_back() -> None:
    row = {"status": 403, "type": "t", "code": "c", "message": {"zh-hans": "没有了"}}
    expected = Override(403, "t", "c", {"zh-hans": "没有了"})
    assert error_contract.from_plain("NO_CREDIT", row) == (Cause.NO_CREDIT, expected)
    assert error_contract.from_plain("NO_CREDIT", {}) == (Cause.NO_CREDIT, Override())


def test_a_cause_that_this_release_does_not_know_is_named() -> None:
    with pytest.raises(ValueError, match="no cause 'OLD'"):
        error_contract.from_plain("OLD", {})
