"""Acceptance 2 and 3: what is killed while it streams is charged to its last checkpoint, and each
call that finished just before is charged once."""

import asyncio
import os
import random
import signal

import pytest

from tests.faults.calls import Answer, body, call, record
from tests.faults.cluster import READY_S, Cluster, Customer, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

ROUNDS = 5
CALLS_A_ROUND = 20  # 100 calls in all
DELAY_S_MAX = 0.05
STREAMS = 200
CONTROL_STREAMS = 20
OPENING_NANOS = 50 * 10**9
PACE_MS = 250
# A stream is that old before its relay is killed: older than any checkpoint.
OLD_TOKENS = 12
# A checkpoint is at most a second old, which is 4 tokens, and it takes as long again to get there
# on a machine as busy as this one.
CHECKPOINT_TOKENS = 8
SEED = int(os.environ.get("KILL_SEED", "7"))


async def _round(url: str, deployment: Cluster, customer: object) -> list[Answer | BaseException]:
    """Twenty calls at once, streams and whole answers."""
    requests = [
        body("scripted", f"tokens={5 + n}", stream=bool(n % 2)) for n in range(CALLS_A_ROUND)
    ]
    return await asyncio.gather(
        *[call(url, customer, request) for request in requests],  # type: ignore[arg-type]
        return_exceptions=True,
    )


def _assert_charged_once(deployment: Cluster, answers: list[Answer]) -> None:
    for answer in answers:
        if answer.status == 200:
            row = record(deployment, answer.request_id)  # the request id is the primary key
            assert row["ending"] == "completed", answer.request_id
            assert row["charge_nanos"] > 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_calls_whose_client_saw_the_end_are_charged_when_their_relay_is_killed(
    deployment: Cluster, how: signal.Signals
) -> None:
    draw = random.Random(SEED)
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    finished: list[Answer] = []
    for _ in range(ROUNDS):
        child, url = await asyncio.to_thread(deployment.start_relay)
        answers = await _round(url, deployment, customer)
        await asyncio.sleep(draw.uniform(0, DELAY_S_MAX))
        os.kill(child.pid, how)
        await asyncio.to_thread(deployment.group.end, child)
        finished += [
            a for a in answers if isinstance(a, Answer) and (a.is_done or "usage" in a.text)
        ]
    assert len(finished) == ROUNDS * CALLS_A_ROUND
    await asyncio.to_thread(deployment.settled_audit)
    await asyncio.to_thread(_assert_charged_once, deployment, finished)


async def _killed_under_streams(
    deployment: Cluster, customer: Customer, application: str, count: int
) -> tuple[int, int]:
    """Tokens that the upstream sent and those that were charged when the relay of `count` open
    streams was killed."""
    child, url = await asyncio.to_thread(deployment.start_relay, application)
    upstreams = (deployment.first, deployment.second)  # so many at once may fail over
    for upstream in upstreams:
        upstream.clear()
    request = body("scripted", f"tokens=5000 pace={PACE_MS}", stream=True)
    calls = [asyncio.create_task(call(url, customer, request)) for _ in range(count)]

    def sent() -> list[int]:
        return [row["tokens_sent"] for upstream in upstreams for row in upstream.calls()]

    def have_begun() -> bool:
        assert not [task.result() for task in calls if task.done()], "ended before the kill"
        return sum(tokens > OLD_TOKENS for tokens in sent()) == count

    try:
        await asyncio.to_thread(wait_until, have_begun, timeout_s=READY_S, every_s=PACE_MS / 1000)
    finally:
        deployment.end(child)
    await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.to_thread(deployment.settled_audit)
    rows = deployment.query(
        "SELECT ending, output_tokens, charge_nanos, input_tokens FROM billing_usagerecord"  # noqa: S608
        f" WHERE organization_id = '{customer.organization}'"
    )
    assert [row[0] for row in rows] == ["reaped"] * count
    ((left,),) = deployment.query(
        "SELECT balance_nanos FROM billing_ledgeraccount"  # noqa: S608
        f" WHERE organization_id = '{customer.organization}'"
    )
    assert left == OPENING_NANOS - sum(row[2] for row in rows)
    return sum(sent()), sum(row[1] for row in rows)


async def test_streams_whose_relay_is_killed_are_charged_to_their_last_checkpoint(
    deployment: Cluster,
) -> None:
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    delivered, charged = await _killed_under_streams(
        deployment, customer, "config.asgi:application", STREAMS
    )
    assert delivered - STREAMS * CHECKPOINT_TOKENS <= charged <= delivered


async def test_control_without_checkpoints_a_killed_relay_s_streams_were_for_nothing(
    deployment: Cluster,
) -> None:
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    delivered, charged = await _killed_under_streams(
        deployment, customer, "tests.faults.careless:no_checkpoints", CONTROL_STREAMS
    )
    assert charged < delivered - CONTROL_STREAMS * CHECKPOINT_TOKENS


async def test_a_killed_worker_loses_nothing_and_posts_nothing_twice(deployment: Cluster) -> None:
    draw = random.Random(SEED)
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    finished: list[Answer] = []
    for _ in range(ROUNDS):
        worker = await asyncio.to_thread(deployment.start_worker)
        answers = await _round(deployment.relays[0][1], deployment, customer)
        await asyncio.sleep(draw.uniform(0, DELAY_S_MAX))
        deployment.end(worker)
        finished += [a for a in answers if isinstance(a, Answer)]
    assert len(finished) == ROUNDS * CALLS_A_ROUND
    await asyncio.to_thread(deployment.settled_audit)
    await asyncio.to_thread(_assert_charged_once, deployment, finished)
