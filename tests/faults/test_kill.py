"""Acceptance 3: whatever is killed just after the last byte, each finished call is charged once."""

import asyncio
import os
import random
import signal

import pytest

from tests.faults.calls import Answer, body, call, record
from tests.faults.cluster import Cluster, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

ROUNDS = 5
CALLS_A_ROUND = 20  # 100 calls in all
DELAY_S_MAX = 0.05
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


async def test_calls_under_way_when_their_relay_is_killed_leave_no_hold_and_no_overcharge(
    deployment: Cluster,
) -> None:
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    child, url = await asyncio.to_thread(deployment.start_relay)
    deployment.first.clear()
    request = body("scripted", "tokens=5000 pace=20", stream=True)
    calls = [asyncio.create_task(call(url, customer, request)) for _ in range(CALLS_A_ROUND)]
    await asyncio.to_thread(
        wait_until,
        lambda: sum(row["tokens_sent"] > 80 for row in deployment.first.calls()) == CALLS_A_ROUND,
        timeout_s=20,
    )
    deployment.end(child)
    await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.to_thread(deployment.settled_audit)
    rows = deployment.query(
        "SELECT ending, output_tokens FROM billing_usagerecord"  # noqa: S608
        f" WHERE organization_id = '{customer.organization}'"
    )
    delivered = [row["tokens_sent"] for row in deployment.first.calls()]
    assert [row[0] for row in rows] == ["reaped"] * CALLS_A_ROUND
    # A checkpoint is at most a second or 64 tokens old; at 20 ms a token a second is 50 of them.
    assert sum(row[1] for row in rows) <= sum(delivered)
    assert sum(row[1] for row in rows) >= sum(delivered) - CALLS_A_ROUND * 64


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
