"""Usage events stay until they are acknowledged, and count once however often they are."""

import pytest
from redis import Redis

from billing.gate.errors import GateClosed
from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import Acknowledgement, Backlog, Balance, UsageEvent
from billing.gate.usage_stream import EVENTS_PER_SCRIPT, UsageStream
from tests.billing.gate.calls import SITE, a_call, an_end, ref


async def finish_calls(gate: Gate, count: int, *, charge_nanos: int = 10) -> None:
    for n in range(count):
        hold = ref(f"call-{n}", organization=("acme", "globex")[n % 2])
        await gate.admit(a_call(hold))
        await gate.settle(an_end(hold, charge_nanos))


def posted(events: list[UsageEvent]) -> list[Acknowledgement]:
    return [Acknowledgement(e.stream_id, e.organization, e.debited_nanos) for e in events]


async def test_an_acknowledged_event_leaves_the_stream_and_the_unposted_sum(
    gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await finish_calls(gate, 4)

    assert stream.acknowledge(posted(stream.read_batch("worker-1", 3))) == 3

    assert steward.read_balance(SITE, "acme") == Balance(980, 0, 0, 0)
    assert steward.read_balance(SITE, "globex") == Balance(480, 0, 10, 0)
    assert stream.read_backlog().length == 1


async def test_an_acknowledgement_that_is_repeated_counts_once(
    gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await finish_calls(gate, 2)
    batch = posted(stream.read_batch("worker-1", 10))

    assert [stream.acknowledge(batch), stream.acknowledge(batch + batch)] == [2, 0]
    assert steward.read_balance(SITE, "acme") == Balance(990, 0, 0, 0)


async def test_an_event_that_nobody_was_given_cannot_be_acknowledged(
    gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await finish_calls(gate, 1)

    assert stream.acknowledge([Acknowledgement("1-0", "acme", 10)]) == 0
    assert steward.read_balance(SITE, "acme").unposted_nanos == 10


async def test_the_debit_of_a_duplicate_goes_back(
    gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await finish_calls(gate, 1)
    (event,) = stream.read_batch("worker-1", 10)

    stream.acknowledge([Acknowledgement(event.stream_id, "acme", 10, is_duplicate=True)])

    assert steward.read_balance(SITE, "acme") == Balance(1_000, 0, 0, 0)


async def test_an_event_without_a_debit_is_acknowledged_too(
    gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await finish_calls(gate, 1, charge_nanos=0)

    assert stream.acknowledge(posted(stream.read_batch("worker-1", 10))) == 1
    assert steward.read_balance(SITE, "acme") == Balance(1_000, 0, 0, 0)


async def test_what_a_dead_worker_took_is_reclaimed(gate: Gate, stream: UsageStream) -> None:
    await finish_calls(gate, 3)
    taken = stream.read_batch("worker-1", 10)
    stream.acknowledge(posted(taken[:1]))

    assert stream.read_batch("worker-2", 10) == []
    assert stream.reclaim("worker-2", 10, idle_ms=60_000) == []
    assert stream.reclaim("worker-2", 10, idle_ms=0) == taken[1:]


async def test_what_is_given_back_is_taken_at_once(gate: Gate, stream: UsageStream) -> None:
    await finish_calls(gate, EVENTS_PER_SCRIPT + 3)
    taken = stream.read_batch("worker-1", EVENTS_PER_SCRIPT + 3)
    stream.acknowledge(posted(taken[:1]))

    stream.give_back("worker-1", [event.stream_id for event in taken], idle_ms=60_000)
    assert stream.reclaim("worker-2", len(taken), idle_ms=60_000) == taken[1:]
    assert stream.reclaim("worker-1", len(taken), idle_ms=60_000) == []


async def test_a_batch_larger_than_one_script_is_taken_whole(
    gate: Gate, stream: UsageStream
) -> None:
    count = EVENTS_PER_SCRIPT + 3
    await finish_calls(gate, count, charge_nanos=0)

    assert stream.acknowledge(posted(stream.read_batch("worker-1", count))) == count
    assert stream.read_backlog() == Backlog(length=0, oldest_age_ms=0)


async def test_a_closed_gate_keeps_its_events(
    gate: Gate, steward: Steward, stream: UsageStream
) -> None:
    await finish_calls(gate, 1)
    batch = posted(stream.read_batch("worker-1", 10))
    steward.close(SITE)

    with pytest.raises(GateClosed):
        stream.acknowledge(batch)
    assert stream.read_backlog().length == 1


async def test_a_full_backlog_closes_the_gate_to_new_calls(
    gate: Gate, stream: UsageStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.gate.wire.USAGE_BACKLOG_MAX", 1)
    await finish_calls(gate, 1)

    with pytest.raises(GateClosed):
        await gate.admit(a_call(ref("call-9")))
    stream.acknowledge(posted(stream.read_batch("worker-1", 10)))
    await gate.admit(a_call(ref("call-9")))


async def test_making_the_group_twice_is_harmless(gate: Gate, stream: UsageStream) -> None:
    await finish_calls(gate, 2)
    (given,) = stream.read_batch("worker-1", 1)
    stream.create_group()
    assert stream.acknowledge(posted([given])) == 1
    assert len(stream.read_batch("worker-1", 10)) == 1


async def test_silent_consumers_without_events_are_forgotten_and_no_other(
    gate: Gate, stream: UsageStream
) -> None:
    await finish_calls(gate, 2)
    stream.acknowledge(posted(stream.read_batch("without-events", 1)))
    (unposted,) = stream.read_batch("died-with-an-event", 1)

    assert stream.forget_consumers(idle_ms=60_000) == 0
    assert [stream.forget_consumers(idle_ms=0) for _ in range(2)] == [1, 0]
    assert stream.reclaim("worker-1", 10, idle_ms=0) == [unposted]


def test_a_stream_that_nobody_has_read_has_no_consumers_to_forget(redis: Redis) -> None:
    assert UsageStream(redis, SITE).forget_consumers(idle_ms=0) == 0
