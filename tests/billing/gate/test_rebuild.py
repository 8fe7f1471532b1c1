"""After Redis lost everything: closed until rebuilt, then running Calls go on and end exactly."""

import time
from dataclasses import replace

import pytest
from redis import Redis

from billing.gate.errors import GateClosed
from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import (
    Admitted,
    Balance,
    Budget,
    BudgetSpent,
    Denied,
    HoldRef,
    HoldState,
    RestoreRequest,
    Rule,
    Scope,
)
from billing.gate.usage_stream import UsageStream
from tests.billing.gate.calls import SITE, a_call, an_end, ref

TOMORROW_MS = (int(time.time()) + 86_400) * 1000
TODAY = Budget(Scope.KEY, "2026-11-21", limit_nanos=150, resets_at_ms=TOMORROW_MS)


def again(hold: HoldRef, hold_nanos: int = 100) -> RestoreRequest:
    return RestoreRequest(hold, hold_nanos, 8, checkpoint_nanos=0, event=b"{}")


async def test_an_emptied_redis_closes_the_gate(
    gate: Gate, redis: Redis, stream: UsageStream
) -> None:
    await gate.admit(a_call())
    redis.flushall()

    with pytest.raises(GateClosed):
        await gate.admit(a_call(ref("call-2")))
    with pytest.raises(GateClosed):
        await gate.settle(an_end())
    with pytest.raises(GateClosed):
        await gate.restore(again(ref()))


async def test_a_running_call_gets_its_hold_back_once_and_settles(
    gate: Gate, redis: Redis, steward: Steward
) -> None:
    await gate.admit(a_call())
    redis.flushall()
    steward.open(SITE, "epoch-2", {"acme": 1_000})

    for _ in range(2):
        renewal = await gate.restore(again(ref()))
        assert (renewal.state, renewal.hold_nanos) == (HoldState.OPEN, 100)
    assert steward.read_balance(SITE, "acme") == Balance(900, 100, 0, 1)

    await gate.settle(an_end(charge_nanos=60))
    assert steward.read_balance(SITE, "acme") == Balance(940, 0, 60, 0)
    assert (await gate.restore(again(ref()))).state is HoldState.SETTLED


async def test_a_hold_comes_back_no_larger_than_the_balance(
    gate: Gate, redis: Redis, steward: Steward
) -> None:
    redis.flushall()
    steward.open(SITE, "epoch-2", {"acme": 70})

    assert (await gate.restore(again(ref()))).hold_nanos == 70
    ended = await gate.settle(an_end(charge_nanos=100))

    assert (ended.debited_nanos, ended.written_off_nanos) == (70, 30)


async def test_budgets_come_back_with_what_was_spent_and_held(
    gate: Gate, redis: Redis, steward: Steward
) -> None:
    hold = ref(budgets=(TODAY,))
    redis.flushall()
    spent = BudgetSpent(Scope.KEY, "key-1", "2026-11-21", 40, resets_at_ms=TOMORROW_MS)
    steward.open(SITE, "epoch-2", {"acme": 1_000}, spent=[spent])
    await gate.restore(again(hold, 60))

    refused = await gate.admit(a_call(ref("call-2", budgets=(TODAY,))))
    assert isinstance(refused, Denied)
    assert (refused.rule, refused.available_nanos) == (Rule.KEY_BUDGET, 50)

    await gate.release(hold, ending="failed", event=b"{}")
    answer = await gate.admit(a_call(ref("call-3", budgets=(TODAY,))))
    assert isinstance(answer, Admitted)
    assert redis.pttl(f"tg:{{{SITE}}}:spent:key:key-1:2026-11-21") > 0


def test_a_rebuild_lifts_a_budget_that_lost_something_and_lowers_none(steward: Steward) -> None:
    names = [(Scope.KEY, "key-1", "2026-11-21"), (Scope.KEY, "key-2", "2026-11-21")]
    less, more = (BudgetSpent(*name, 40, resets_at_ms=TOMORROW_MS) for name in names)
    steward.set_spent(SITE, replace(less, spent_nanos=30))
    steward.set_spent(SITE, replace(more, spent_nanos=50))
    steward.close(SITE)

    steward.open(SITE, "epoch-2", {"acme": 1_000}, spent=[less, more])

    assert steward.read_spent(SITE, names) == [40, 50]
