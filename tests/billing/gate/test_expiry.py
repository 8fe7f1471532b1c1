"""A Hold whose relay died ends by its checkpoint; a relay that comes back late posts once."""

from redis import Redis

from billing.gate.client import RedisClient
from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import (
    Admitted,
    Balance,
    Budget,
    HoldState,
    RenewRequest,
    Rule,
    Scope,
    Settlement,
)
from billing.gate.usage_stream import UsageStream
from tests.billing.gate.calls import SITE, a_call, an_end, ref

GONE_AT_ONCE_MS = 0


def dying(client: RedisClient) -> Gate:
    """A relay whose Holds are due the moment they are placed or renewed."""
    return Gate(client, owner="relay-2", hold_lifetime_ms=GONE_AT_ONCE_MS)


def checkpoint(charge_nanos: int, **growth: int) -> RenewRequest:
    return RenewRequest(ref(), charge_nanos, b'{"at":"checkpoint"}', **growth)


async def test_a_hold_within_its_lifetime_is_left_alone(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())

    assert steward.expire_due(SITE) == []
    assert steward.read_balance(SITE, "acme") == Balance(900, 100, 0, 1)


async def test_a_dead_call_without_a_checkpoint_costs_nothing(
    client: RedisClient, steward: Steward, stream: UsageStream
) -> None:
    await dying(client).admit(a_call())

    assert steward.expire_due(SITE) == [Settlement(HoldState.EXPIRED, 0, 0, is_replay=False)]
    assert steward.read_balance(SITE, "acme") == Balance(1_000, 0, 0, 0)
    (event,) = stream.read_batch("worker-1", 10)
    assert (event.state, event.ending) == (HoldState.EXPIRED, "reaped")
    assert (event.debited_nanos, event.event) == (0, b'{"at":"admission"}')


async def test_a_dead_call_is_charged_its_last_checkpoint(
    client: RedisClient, steward: Steward, stream: UsageStream
) -> None:
    relay = dying(client)
    await relay.admit(a_call())
    await relay.renew(checkpoint(30))
    await relay.renew(checkpoint(45))

    assert steward.expire_due(SITE) == [Settlement(HoldState.EXPIRED, 45, 0, is_replay=False)]
    assert steward.expire_due(SITE) == []
    assert steward.read_balance(SITE, "acme") == Balance(955, 0, 45, 0)
    (event,) = stream.read_batch("worker-1", 10)
    assert (event.debited_nanos, event.event) == (45, b'{"at":"checkpoint"}')


async def test_a_renewed_hold_is_not_due(client: RedisClient, gate: Gate, steward: Steward) -> None:
    await dying(client).admit(a_call())

    renewal = await gate.renew(checkpoint(10))

    assert (renewal.state, renewal.hold_nanos) == (HoldState.OPEN, 100)
    assert steward.expire_due(SITE) == []


async def test_a_hold_renewed_after_it_was_listed_as_due_stays_open(
    client: RedisClient, gate: Gate, steward: Steward, redis: Redis
) -> None:
    await gate.admit(a_call())
    # the reaper's list says due, the Hold itself says not yet
    redis.zadd(f"tg:{{{SITE}}}:holds", {"call-1": 1})

    assert steward.expire_due(SITE) == []
    assert steward.read_balance(SITE, "acme").held_nanos == 100


async def test_a_late_settle_of_an_uncharged_expiry_posts_once(
    client: RedisClient, gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await dying(client).admit(a_call())
    steward.expire_due(SITE)

    first = await gate.settle(an_end(charge_nanos=60))
    second = await gate.settle(an_end(charge_nanos=60))

    assert first == Settlement(HoldState.LATE, 60, 0, is_replay=False)
    assert second == Settlement(HoldState.LATE, 60, 0, is_replay=True)
    assert steward.read_balance(SITE, "acme") == Balance(940, 0, 60, 0)
    states = [event.state for event in stream.read_batch("worker-1", 10)]
    assert states == [HoldState.EXPIRED, HoldState.LATE]


async def test_a_late_settle_takes_no_more_than_the_balance(
    client: RedisClient, gate: Gate, steward: Steward
) -> None:
    await dying(client).admit(a_call())
    steward.expire_due(SITE)
    await gate.admit(a_call(ref("call-2"), input_nanos=890))

    late = await gate.settle(an_end(charge_nanos=60))

    assert late == Settlement(HoldState.LATE, 30, 30, is_replay=False)
    assert steward.read_balance(SITE, "acme") == Balance(0, 970, 30, 1)


async def test_a_late_settle_of_a_charged_checkpoint_changes_nothing(
    client: RedisClient, gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    relay = dying(client)
    await relay.admit(a_call())
    await relay.renew(checkpoint(45))
    steward.expire_due(SITE)

    late = await gate.settle(an_end(charge_nanos=60))

    assert late == Settlement(HoldState.EXPIRED, 45, 0, is_replay=True)
    assert stream.read_backlog().length == 1


async def test_a_late_release_changes_nothing(
    client: RedisClient, gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await dying(client).admit(a_call())
    steward.expire_due(SITE)

    late = await gate.release(ref(), ending="failed", event=b"{}")

    assert late == Settlement(HoldState.EXPIRED, 0, 0, is_replay=True)
    assert stream.read_backlog().length == 1


async def test_a_call_learns_from_renew_that_its_hold_ended(
    client: RedisClient, gate: Gate, steward: Steward
) -> None:
    assert (await gate.renew(checkpoint(1))).state is HoldState.MISSING
    await dying(client).admit(a_call())
    steward.expire_due(SITE)

    assert (await gate.renew(checkpoint(1))).state is HoldState.EXPIRED
    assert steward.read_balance(SITE, "acme") == Balance(1_000, 0, 0, 0)


async def test_a_hold_grows_to_its_target_once(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())

    for _ in range(2):
        renewal = await gate.renew(checkpoint(90, hold_nanos_min=250))
        assert (renewal.hold_nanos, renewal.available_nanos) == (250, 750)
    assert steward.read_balance(SITE, "acme") == Balance(750, 250, 0, 1)


async def test_a_hold_grows_no_further_than_the_balance(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())

    renewal = await gate.renew(checkpoint(90, hold_nanos_min=1_001))

    assert (renewal.state, renewal.hold_nanos) == (HoldState.OPEN, 1_000)
    assert renewal.stopped_by is Rule.BALANCE
    assert steward.read_balance(SITE, "acme") == Balance(0, 1_000, 0, 1)


async def test_a_hold_grows_no_further_than_its_budget(gate: Gate, steward: Steward) -> None:
    hold = ref(budgets=(Budget(Scope.KEY, "total", limit_nanos=250),))
    await gate.admit(a_call(hold))

    renewal = await gate.renew(RenewRequest(hold, 0, b"{}", hold_nanos_min=300))

    assert (renewal.hold_nanos, renewal.stopped_by) == (250, Rule.KEY_BUDGET)
    assert steward.read_balance(SITE, "acme") == Balance(750, 250, 0, 1)
    assert (await gate.renew(RenewRequest(hold, 0, b"{}", hold_nanos_min=250))).stopped_by is None


async def test_the_reaper_takes_the_oldest_first_and_no_more_than_asked(
    client: RedisClient, steward: Steward
) -> None:
    relay = dying(client)
    for n in range(3):
        assert isinstance(await relay.admit(a_call(ref(f"call-{n}"))), Admitted)

    assert len(steward.expire_due(SITE, limit=2)) == 2
    assert len(steward.open_holds(SITE)) == 1


async def test_open_holds_are_listed_with_what_they_reserve(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())
    await gate.renew(checkpoint(45))

    (hold,) = steward.open_holds(SITE)

    assert (hold.hold, hold.owner) == (ref(), "relay-1")
    assert (hold.amount_nanos, hold.checkpoint_nanos) == (100, 45)


async def test_an_entry_without_a_hold_is_dropped_from_the_reapers_list(
    steward: Steward, redis: Redis
) -> None:
    redis.zadd(f"tg:{{{SITE}}}:holds", {"nobody": 1})

    assert steward.expire_due(SITE) == []
    assert redis.zcard(f"tg:{{{SITE}}}:holds") == 0
