"""Acceptance 13: Redis killed and started again under open streams, behind what it had told or with
nothing left; it stays closed until it was rebuilt.

The server has a deployment of its own, as everybody's calls suffer from it. The controls are a
relay that keeps nothing, in tests/relay/test_credit_gate.py, and a gate that trusts whatever data
came back, in tests/billing/gate/test_other_process.py.
"""

import asyncio
import shutil
import time
from collections.abc import Iterator

import pytest
import redis

from devstack import valkey
from tests.faults.cluster import Cluster, cluster
from tests.faults.outages import (
    assert_settled_once,
    kill,
    load,
    open_streams,
    server,
    start_again,
    until,
)
from tests.patience import promised

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

STREAMS = 200
# Slow ones: 200 tokens a second, all in all, leave the machine to what is measured.
TOKENS, PACE_MS = 15, 1_000
AWAY_S = 1.0
# `appendfsync everysec` loses a second with the machine; the process alone loses nothing.
BEHIND_S = 1.0
CLOSED_S_MAX = promised(30.0)
EPOCH = "tg:{default}:epoch"


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def _epoch(deployment: Cluster) -> bytes | None:
    with redis.Redis.from_url(deployment.env["REDIS_URL"]) as client:
        epoch: bytes | None = client.get(EPOCH)  # type: ignore[assignment]  # stubs: awaitable
        return epoch


@pytest.mark.parametrize("is_emptied", [False, True], ids=["a second behind", "emptied"])
async def test_a_killed_redis_cuts_no_stream_and_loses_nothing(
    own: Cluster, is_emptied: bool
) -> None:
    deployment = own
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    urls = [url for _, url in deployment.relays]
    before = _epoch(deployment)
    log = deployment.folder / "valkey" / "appendonlydir"
    earlier = deployment.folder / f"earlier-{is_emptied}"
    async with load(urls, customer) as made:
        streams = await open_streams(deployment, customer, STREAMS, tokens=TOKENS, pace_ms=PACE_MS)
        await asyncio.to_thread(shutil.copytree, log, earlier)
        await asyncio.sleep(BEHIND_S)
        child = server(deployment, "valkey")
        killed_at = time.monotonic()
        await asyncio.to_thread(kill, child)
        shutil.rmtree(log)
        if not is_emptied:
            earlier.rename(log)
        await asyncio.sleep(AWAY_S)
        started_at = time.monotonic()
        start_again(deployment, child)
        await until(lambda: valkey.is_ready(deployment.env["REDIS_URL"]))
        await until(lambda: made.has_success_since(started_at), timeout_s=CLOSED_S_MAX)
        rebuilt = _epoch(deployment)
        answers = await asyncio.gather(*streams)

    assert rebuilt not in {before, None}  # nobody was let in before
    assert {each.answer.status for each in made.timed} <= {200, 503}
    while_away = made.asked_between(killed_at, started_at)
    assert while_away
    assert {each.answer.status for each in while_away} == {503}
    assert all(answer.is_done for answer in answers)
    paid = [each.answer for each in made.timed if each.answer.status == 200]
    await asyncio.to_thread(assert_settled_once, deployment, [*answers, *paid])
