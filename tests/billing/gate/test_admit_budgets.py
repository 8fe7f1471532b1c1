"""Budgets bound what a key or an organization spends in a named period."""

import time
from dataclasses import replace

import pytest
from redis import Redis

from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import (
    Admitted,
    Balance,
    Budget,
    BudgetSpent,
    Denied,
    RenewRequest,
    Rule,
    Scope,
)
from tests.billing.gate.calls import SITE, a_call, an_end, ref
from tests.patience import promised

TOMORROW_MS = (int(time.time()) + 86_400) * 1000
TODAY = Budget(Scope.KEY, "2026-11-21", limit_nanos=150, resets_at_ms=TOMORROW_MS)
MONTH = Budget(Scope.ORGANIZATION, "2026-11", limit_nanos=250, resets_at_ms=TOMORROW_MS)
TOTAL = Budget(Scope.KEY, "total", limit_nanos=150)
SPENT_TODAY = f"tg:{{{SITE}}}:spent:key:key-1:2026-11-21"


async def test_open_holds_count_against_the_budget(gate: Gate) -> None:
    await gate.admit(a_call(ref("call-1", budgets=(TODAY,))))

    answer = await gate.admit(a_call(ref("call-2", budgets=(TODAY,))))

    assert isinstance(answer, Denied)
    assert (answer.rule, answer.limit) == (Rule.KEY_BUDGET, 150)
    assert (answer.available_nanos, answer.needed_nanos) == (50, 100)
    until_tomorrow_ms = TOMORROW_MS - time.time() * 1_000
    assert until_tomorrow_ms <= answer.retry_after_ms < until_tomorrow_ms + promised(5.0) * 1_000


async def test_the_real_charge_replaces_the_hold(gate: Gate, redis: Redis) -> None:
    await gate.admit(a_call(ref("call-1", budgets=(TODAY,))))
    await gate.settle(an_end(ref("call-1", budgets=(TODAY,)), 50))

    assert redis.hgetall(SPENT_TODAY) == {b"held": b"0", b"spent": b"50"}
    exact = await gate.admit(a_call(ref("call-2", budgets=(TODAY,))))
    assert isinstance(exact, Admitted)


async def test_an_open_output_cap_is_lowered_to_what_the_budget_leaves(gate: Gate) -> None:
    tight = replace(TODAY, limit_nanos=75)

    answer = await gate.admit(a_call(ref(budgets=(tight,)), is_clampable=True))

    assert isinstance(answer, Admitted)
    assert (answer.output_tokens_cap, answer.hold_nanos) == (5, 70)


async def test_the_tightest_of_budgets_and_balance_decides_the_cap(gate: Gate) -> None:
    budgets = (replace(TODAY, limit_nanos=95), replace(MONTH, limit_nanos=60))

    answer = await gate.admit(a_call(ref(budgets=budgets), is_clampable=True))

    assert isinstance(answer, Admitted)
    assert (answer.output_tokens_cap, answer.hold_nanos) == (4, 60)


async def test_an_organization_budget_is_shared_by_its_keys(gate: Gate) -> None:
    answers = [
        await gate.admit(a_call(ref(f"call-{key}", key=key, budgets=(TODAY, MONTH))))
        for key in ("a", "b", "c")
    ]

    assert [type(answer) for answer in answers] == [Admitted, Admitted, Denied]
    assert isinstance(answers[-1], Denied)
    assert answers[-1].rule is Rule.ORGANIZATION_BUDGET


async def test_a_period_has_its_own_count_and_its_own_end(gate: Gate, redis: Redis) -> None:
    await gate.admit(a_call(ref("call-1", budgets=(TODAY,))))
    tomorrow = replace(TODAY, period="2026-11-22")

    assert isinstance(await gate.admit(a_call(ref("call-2", budgets=(tomorrow,)))), Admitted)
    assert redis.pexpiretime(SPENT_TODAY) == TOMORROW_MS + 86_400_000


async def test_a_total_never_ends(gate: Gate, redis: Redis) -> None:
    await gate.admit(a_call(ref("call-1", budgets=(TOTAL,))))
    answer = await gate.admit(a_call(ref("call-2", budgets=(TOTAL,))))

    assert isinstance(answer, Denied)
    assert answer.retry_after_ms == 0
    assert redis.ttl(f"tg:{{{SITE}}}:spent:key:key-1:total") == -1


async def test_a_settle_after_the_period_is_gone_does_not_bring_it_back(
    gate: Gate, redis: Redis
) -> None:
    await gate.admit(a_call(ref(budgets=(TODAY,))))
    redis.delete(SPENT_TODAY)

    await gate.settle(an_end(ref(budgets=(TODAY,))))

    assert not redis.exists(SPENT_TODAY)


async def test_growth_of_a_hold_counts_against_its_budgets(gate: Gate, redis: Redis) -> None:
    hold = ref(budgets=(TODAY,))
    await gate.admit(a_call(hold))

    await gate.renew(RenewRequest(hold, 0, b"{}", hold_nanos_min=140))

    assert redis.hget(SPENT_TODAY, "held") == b"140"


async def test_a_budget_refusal_holds_nothing(gate: Gate, steward: Steward) -> None:
    spent = replace(TODAY, limit_nanos=0)

    assert isinstance(await gate.admit(a_call(ref(budgets=(spent,)))), Denied)
    assert steward.read_balance(SITE, "acme") == Balance(1_000, 0, 0, 0)


@pytest.mark.parametrize("period", ["", "2026:11", "a,b", "{x}"])
async def test_a_period_that_could_forge_a_key_is_refused(gate: Gate, period: str) -> None:
    with pytest.raises(ValueError, match="period"):
        await gate.admit(a_call(ref(budgets=(replace(TODAY, period=period),))))


@pytest.mark.parametrize("limit_nanos", [2**53, 2**60, 2**63 - 1])
async def test_a_budget_beyond_exact_arithmetic_limits_nearly(
    gate: Gate, steward: Steward, limit_nanos: int
) -> None:
    budget = Budget(Scope.KEY, "total", limit_nanos=limit_nanos)
    assert isinstance(await gate.admit(a_call(ref("call-1", budgets=(budget,)))), Admitted)

    least = min(limit_nanos, 2**62)
    steward.set_spent(SITE, BudgetSpent(Scope.KEY, "key-1", "total", least, resets_at_ms=0))
    answer = await gate.admit(a_call(ref("call-2", budgets=(budget,))))

    assert isinstance(answer, Denied)
    assert (answer.rule, answer.limit) == (Rule.KEY_BUDGET, least)
