"""Rates and concurrency refuse a Call before any money moves."""

from typing import Any

import pytest
from redis import Redis

from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import Admitted, Balance, Denied, Limits, RateWindow, Rule
from tests.billing.gate.calls import SITE, a_call, an_end, ref

pytestmark = pytest.mark.usefixtures("mid_minute")

ONE_A_MINUTE = Limits(requests_per_minute=1)
TEN_TOKENS = Limits(tokens_per_minute=10)
ONE_AT_A_TIME = Limits(concurrency=1)


@pytest.mark.parametrize(
    ("key_limits", "organization_limits", "rule"),
    [
        (ONE_A_MINUTE, Limits(), Rule.KEY_REQUESTS),
        (Limits(), ONE_A_MINUTE, Rule.ORGANIZATION_REQUESTS),
        (TEN_TOKENS, Limits(), Rule.KEY_TOKENS),
        (Limits(), TEN_TOKENS, Rule.ORGANIZATION_TOKENS),
        (ONE_AT_A_TIME, Limits(), Rule.KEY_CONCURRENCY),
        (Limits(), ONE_AT_A_TIME, Rule.ORGANIZATION_CONCURRENCY),
        (ONE_A_MINUTE, ONE_A_MINUTE, Rule.KEY_REQUESTS),
        (TEN_TOKENS, ONE_A_MINUTE, Rule.ORGANIZATION_REQUESTS),
        (ONE_AT_A_TIME, TEN_TOKENS, Rule.ORGANIZATION_TOKENS),
        (ONE_AT_A_TIME, ONE_AT_A_TIME, Rule.KEY_CONCURRENCY),
    ],
)
async def test_the_first_rule_in_order_refuses_and_nothing_moves(
    gate: Gate, steward: Steward, key_limits: Limits, organization_limits: Limits, rule: Rule
) -> None:
    limits = {"key_limits": key_limits, "organization_limits": organization_limits}
    await gate.admit(a_call(ref("call-1"), tokens_estimate=6, **limits))

    answer = await gate.admit(a_call(ref("call-2"), tokens_estimate=6, **limits))

    assert isinstance(answer, Denied)
    assert answer.rule is rule
    assert answer.limit == (10 if "tokens" in rule else 1)
    assert 0 < answer.retry_after_ms <= 60_000
    assert steward.read_balance(SITE, "acme") == Balance(900, 100, 0, 1)


async def test_a_limit_of_zero_refuses_every_call(gate: Gate) -> None:
    answer = await gate.admit(a_call(key_limits=Limits(requests_per_minute=0)))

    assert isinstance(answer, Denied)
    assert answer.rule is Rule.KEY_REQUESTS


async def test_keys_share_the_limits_of_their_organization_only(gate: Gate) -> None:
    limits = {"key_limits": ONE_A_MINUTE, "organization_limits": Limits(requests_per_minute=2)}

    answers = [
        await gate.admit(a_call(ref(f"call-{key}", key=key), **limits)) for key in ("a", "b", "c")
    ]

    assert [type(answer) for answer in answers] == [Admitted, Admitted, Denied]
    stranger = await gate.admit(a_call(ref("call-g", organization="globex", key="g"), **limits))
    assert isinstance(stranger, Admitted)


async def test_a_call_refused_by_a_rate_counts_nowhere(gate: Gate) -> None:
    both = {"key_limits": TEN_TOKENS, "organization_limits": Limits(requests_per_minute=5)}
    await gate.admit(a_call(ref("call-1"), tokens_estimate=10, **both))

    refused = [
        await gate.admit(a_call(ref(f"call-{n}"), tokens_estimate=1, **both)) for n in range(2, 9)
    ]

    assert {type(answer) for answer in refused} == {Denied}
    assert refused[-1].rates.requests == RateWindow(limit=5, remaining=4)


async def test_a_call_refused_by_the_balance_counts_as_a_request(gate: Gate) -> None:
    hammering = {"key_limits": Limits(requests_per_minute=2, tokens_per_minute=50)}

    answers = [
        await gate.admit(
            a_call(ref(f"call-{n}", organization="zero"), tokens_estimate=9, **hammering)
        )
        for n in range(3)
    ]

    rules = [answer.rule for answer in answers if isinstance(answer, Denied)]
    assert rules == [Rule.BALANCE, Rule.BALANCE, Rule.KEY_REQUESTS]
    assert answers[-1].rates.tokens == RateWindow(limit=50, remaining=50)


async def test_the_answer_shows_the_tightest_scope(gate: Gate) -> None:
    answer = await gate.admit(
        a_call(
            tokens_estimate=30,
            key_limits=Limits(requests_per_minute=10, tokens_per_minute=1_000),
            organization_limits=Limits(requests_per_minute=100, tokens_per_minute=90),
        )
    )

    assert answer.rates.requests == RateWindow(limit=10, remaining=9)
    assert answer.rates.tokens == RateWindow(limit=90, remaining=60)
    assert 0 < answer.rates.reset_ms <= 60_000


async def test_without_limits_there_are_no_windows(gate: Gate) -> None:
    answer = await gate.admit(a_call())

    assert (answer.rates.requests, answer.rates.tokens) == (None, None)


async def test_settle_corrects_the_tokens_of_the_running_minute(gate: Gate) -> None:
    both: dict[str, Any] = {
        "key_limits": Limits(tokens_per_minute=100),
        "organization_limits": Limits(),
    }
    await gate.admit(a_call(tokens_estimate=90, **both))
    await gate.settle(an_end(tokens=15))

    answer = await gate.admit(a_call(ref("call-2"), tokens_estimate=85, **both))

    assert isinstance(answer, Admitted)
    assert answer.rates.tokens == RateWindow(limit=100, remaining=0)


async def test_the_next_minute_starts_at_nothing_and_windows_expire(
    gate: Gate, redis: Redis
) -> None:
    rate_key = f"tg:{{{SITE}}}:rate:key:key-1"
    last_minute = int(redis.time()[0]) // 60 - 1
    redis.hset(rate_key, mapping={f"requests:{last_minute}": 1, f"tokens:{last_minute}": 10})

    answer = await gate.admit(a_call(key_limits=ONE_A_MINUTE))

    assert isinstance(answer, Admitted)
    assert redis.hkeys(rate_key) == [f"requests:{last_minute + 1}".encode()]
    assert 0 < redis.pttl(rate_key) <= 61_000


async def test_concurrency_is_free_again_after_every_kind_of_end(gate: Gate, redis: Redis) -> None:
    both: dict[str, Any] = {
        "key_limits": ONE_AT_A_TIME,
        "organization_limits": ONE_AT_A_TIME,
    }
    for request_id in ("settled", "released"):
        assert isinstance(await gate.admit(a_call(ref(request_id), **both)), Admitted)
        if request_id == "settled":
            await gate.settle(an_end(ref(request_id)))
        else:
            await gate.release(ref(request_id), ending="failed", event=b"{}")

    assert isinstance(await gate.admit(a_call(ref("call-3"), **both)), Admitted)
    await gate.release(ref("call-3"), ending="failed", event=b"{}")
    assert not redis.exists(f"tg:{{{SITE}}}:key:key-1")
