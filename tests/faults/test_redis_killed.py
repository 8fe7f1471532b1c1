"""Acceptance 13: Redis killed and started again, with its data and without, under open streams.

The control, a relay that keeps nothing, is in tests/relay/test_credit_gate.py.
"""

import asyncio
import shutil
import time

import pytest
import redis

from devstack import valkey
from tests.faults.cluster import Cluster
from tests.faults.outages import (
    assert_each_charged_once,
    kill,
    load,
    open_streams,
    server,
    start_again,
    until,
)

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

STREAMS = 60
AWAY_S = 1.0
CLOSED_S_MAX = 30.0
EPOCH = "tg:{default}:epoch"


def _epoch(deployment: Cluster) -> bytes | None:
    with redis.Redis.from_url(deployment.env["REDIS_URL"]) as client:
        epoch: bytes | None = client.get(EPOCH)  # type: ignore[assignment]  # stubs: awaitable
        return epoch


@pytest.mark.parametrize("keeps_data", [True, False], ids=["with its data", "emptied"])
async def test_a_killed_redis_cuts_no_stream_and_loses_nothing(
    deployment: Cluster, keeps_data: bool
) -> None:
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    urls = [url for _, url in deployment.relays]
    before = _epoch(deployment)
    async with load(urls, customer) as made:
        streams = await open_streams(deployment, customer, STREAMS, tokens=50, pace_ms=100)
        child = server(deployment, "valkey")
        killed_at = time.monotonic()
        await asyncio.to_thread(kill, child)
        if not keeps_data:
            shutil.rmtree(deployment.folder / "valkey" / "appendonlydir")
        await asyncio.sleep(AWAY_S)
        start_again(deployment, child)
        await until(lambda: valkey.is_ready(deployment.env["REDIS_URL"]))
        back_at = time.monotonic()
        await until(lambda: made.has_success_since(back_at), timeout_s=CLOSED_S_MAX)
        answers = await asyncio.gather(*streams)

    assert _epoch(deployment) != before  # it was rebuilt, though its data may have been there
    assert {each.answer.status for each in made.timed} <= {200, 503}
    while_away = made.asked_between(killed_at, killed_at + AWAY_S)
    assert while_away
    assert {each.answer.status for each in while_away} == {503}
    assert all(answer.is_done for answer in answers)
    await asyncio.to_thread(deployment.settled_audit)
    paid = [each.answer for each in made.timed if each.answer.status == 200]
    assert_each_charged_once(deployment, [*answers, *paid])
