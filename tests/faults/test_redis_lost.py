"""Acceptance 13: an emptied Redis cuts no stream and loses no usage.

The control, a relay that keeps nothing, is in tests/relay/test_credit_gate.py.
"""

import asyncio
import time

import pytest
import redis

from tests.faults.calls import Answer, body, call
from tests.faults.cluster import Cluster, Customer
from tests.faults.outages import (
    assert_settled_once,
    load,
    open_streams,
    server,
    until,
)
from tests.patience import promised

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

STREAMS = 10
CLOSED_S_MAX = promised(30.0)


def _gate(deployment: Cluster) -> "redis.Redis":
    return redis.Redis.from_url(deployment.env["REDIS_URL"])


async def _finished(deployment: Cluster, customer: Customer, count: int) -> list[Answer]:
    urls = [url for _, url in deployment.relays]
    request = body("single", "tokens=5", stream=False, max_tokens=20)
    return await asyncio.gather(
        *[call(urls[n % len(urls)], customer, request) for n in range(count)]
    )


async def test_an_emptied_redis_is_given_back_what_it_lost(deployment: Cluster) -> None:
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    urls = [url for _, url in deployment.relays]
    deployment.end(server(deployment, "worker"))  # so that usage waits in Redis alone
    finished = await _finished(deployment, customer, 10)
    streams = await open_streams(deployment, customer, STREAMS, tokens=200, pace_ms=20)
    with _gate(deployment) as client:
        assert client.xlen("tg:{default}:usage") >= len(finished)
        client.flushall()
    (refused,) = await _finished(deployment, customer, 1)
    assert refused.status == 503
    deployment.start_worker()  # from this thread, so that it outlives the test
    emptied_at = time.monotonic()
    async with load(urls, customer) as made:
        await until(lambda: made.has_success_since(emptied_at), timeout_s=CLOSED_S_MAX)
        with _gate(deployment) as client:
            await until(lambda: int(client.zcard("tg:{default}:holds")) >= 1)
        answers = await asyncio.gather(*streams)

    assert all(answer.is_done for answer in answers)
    assert {each.answer.status for each in made.timed} <= {200, 503}
    paid = [each.answer for each in made.timed if each.answer.status == 200]
    await asyncio.to_thread(assert_settled_once, deployment, [*finished, *answers, *paid])
