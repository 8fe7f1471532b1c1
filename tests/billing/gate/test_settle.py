"""A Hold ends once: with its charge, without one, or written off where the money ends."""

from redis import Redis

from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import Balance, HoldState, Settlement, UsageEvent
from billing.gate.usage_stream import UsageStream
from tests.billing.gate.calls import SITE, a_call, an_end, ref


async def test_settle_debits_the_charge_and_frees_the_rest(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())

    ended = await gate.settle(an_end(charge_nanos=60))

    assert ended == Settlement(HoldState.SETTLED, 60, 0, is_replay=False)
    assert steward.read_balance(SITE, "acme") == Balance(940, 0, 60, 0)


async def test_settle_twice_is_settle_once(
    gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await gate.admit(a_call())
    await gate.settle(an_end(charge_nanos=60))

    again = await gate.settle(an_end(charge_nanos=99))

    assert again == Settlement(HoldState.SETTLED, 60, 0, is_replay=True)
    assert steward.read_balance(SITE, "acme") == Balance(940, 0, 60, 0)
    assert stream.read_backlog().length == 1


async def test_a_charge_above_the_hold_takes_the_balance_too(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())

    ended = await gate.settle(an_end(charge_nanos=400))

    assert ended.debited_nanos == 400
    assert steward.read_balance(SITE, "acme") == Balance(600, 0, 400, 0)


async def test_what_the_balance_cannot_pay_is_written_off(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())

    ended = await gate.settle(an_end(charge_nanos=1_234))

    assert ended == Settlement(HoldState.SETTLED, 1_000, 234, is_replay=False)
    assert steward.read_balance(SITE, "acme") == Balance(0, 0, 1_000, 0)


async def test_other_holds_are_never_touched_by_an_overrun(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call(ref("call-1")))
    await gate.admit(a_call(ref("call-2")))

    await gate.settle(an_end(ref("call-1"), charge_nanos=5_000))

    assert steward.read_balance(SITE, "acme") == Balance(0, 100, 900, 1)
    assert (await gate.settle(an_end(ref("call-2"), 100))).written_off_nanos == 0


async def test_a_dispute_does_not_take_what_a_call_had_reserved(
    gate: Gate, steward: Steward
) -> None:
    await gate.admit(a_call())
    steward.credit(SITE, "acme", -950, "dispute-1", allow_negative=True)

    ended = await gate.settle(an_end(charge_nanos=130))

    assert (ended.debited_nanos, ended.written_off_nanos) == (100, 30)
    assert steward.read_balance(SITE, "acme") == Balance(-50, 0, 100, 0)


async def test_release_frees_all_and_still_leaves_an_end_record(
    gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await gate.admit(a_call())

    ended = await gate.release(ref(), ending="upstream_failed", event=b'{"attempts":3}')

    assert ended == Settlement(HoldState.RELEASED, 0, 0, is_replay=False)
    assert steward.read_balance(SITE, "acme") == Balance(1_000, 0, 0, 0)
    (event,) = stream.read_batch("worker-1", 10)
    assert (event.state, event.ending) == (HoldState.RELEASED, "upstream_failed")
    assert (event.debited_nanos, event.event) == (0, b'{"attempts":3}')


async def test_a_release_after_a_settle_changes_nothing(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())
    await gate.settle(an_end(charge_nanos=60))

    ended = await gate.release(ref(), ending="failed", event=b"{}")

    assert ended == Settlement(HoldState.SETTLED, 60, 0, is_replay=True)
    assert steward.read_balance(SITE, "acme") == Balance(940, 0, 60, 0)


async def test_the_usage_event_says_who_what_and_how_much(gate: Gate, stream: UsageStream) -> None:
    await gate.admit(a_call())
    await gate.settle(an_end(charge_nanos=1_100))

    (event,) = stream.read_batch("worker-1", 10)

    assert event == UsageEvent(
        stream_id=event.stream_id,
        request_id="call-1",
        organization="acme",
        key="key-1",
        debited_nanos=1_000,
        written_off_nanos=100,
        state=HoldState.SETTLED,
        ending="completed",
        event=b'{"at":"end"}',
    )


async def test_a_hold_that_redis_forgot_is_charged_once_as_late(
    gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    first = await gate.settle(an_end(charge_nanos=60))
    second = await gate.settle(an_end(charge_nanos=60))

    assert first == Settlement(HoldState.LATE, 60, 0, is_replay=False)
    assert second == Settlement(HoldState.LATE, 60, 0, is_replay=True)
    assert steward.read_balance(SITE, "acme") == Balance(940, 0, 60, 0)
    assert stream.read_backlog().length == 1


async def test_an_ended_hold_leaves_a_small_tombstone_that_expires(
    gate: Gate, redis: Redis
) -> None:
    await gate.admit(a_call())
    await gate.settle(an_end())

    name = f"tg:{{{SITE}}}:hold:call-1"
    assert 0 < redis.pttl(name) <= 300_000
    assert b"event" not in redis.hgetall(name)
    assert redis.zcard(f"tg:{{{SITE}}}:holds") == 0


async def test_an_admit_after_a_late_settle_is_a_replay_that_holds_nothing(
    gate: Gate, steward: Steward
) -> None:
    await gate.settle(an_end(charge_nanos=60))

    answer = await gate.admit(a_call())

    assert answer.is_replay  # type: ignore[union-attr]
    assert steward.read_balance(SITE, "acme") == Balance(940, 0, 60, 0)
