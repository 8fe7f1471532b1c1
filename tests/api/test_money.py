"""Balance and statement over the management API, and how often a token may ask."""

import pytest
from pytest_django import Settings
from redis import Redis

from accounts.models import Organization
from tests.api.programs import Program, document, problem

HOME = "organizations/org_acme"


def test_the_balance_is_told_in_nanos(gate: Redis, ours: Program) -> None:
    assert document(ours.get(f"{HOME}/balance")) == {
        "currency": "USD",
        "posted_nanos": "100000000000",
        "held_nanos": "0",
        "available_nanos": "100000000000",
        "is_live": True,
    }


def test_the_statement_has_every_movement(ours: Program) -> None:
    lines = document(ours.get(f"{HOME}/statement"))["items"]
    assert [each["amount_nanos"] for each in lines] == ["100000000000"]


def test_one_token_calls_so_often_a_minute(
    empty_redis: Redis, ours: Program, strangers: Program, settings: Settings
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    # A minute of the clock may end meanwhile; within three of them one must be full.
    answers = [ours.get("me") for _ in range(9)]
    refused = next(each for each in answers if each.status_code == 429)
    assert problem(refused) == (429, "rate_limit_exceeded")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert strangers.get("me").status_code == 200


@pytest.mark.parametrize("path", ["balance", "statement", "budgets", "keys", ""])
def test_a_stranger_s_is_404(strangers: Program, acme: Organization, path: str) -> None:
    assert problem(strangers.get(f"{HOME}/{path}".rstrip("/"))) == (404, "not_found")
