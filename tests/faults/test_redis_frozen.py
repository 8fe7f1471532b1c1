"""Acceptance 12: while Redis is frozen nothing is admitted and nothing else suffers."""

import asyncio
import math
import time

import pytest

from tests.faults import lag
from tests.faults.calls import Answer, body, call
from tests.faults.cluster import Cluster, Customer
from tests.faults.outages import (
    assert_each_charged_once,
    assert_settled_once,
    frozen,
    load,
    open_streams,
    server,
    until,
)
from tests.patience import promised

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

FROZEN_S = 5.0  # for 60 s, as everything here is shortened alike
STREAMS = 20
ANSWER_S_MAX = promised(1.0)
LAG_S_MAX = promised(0.1)
NORMAL_S_MAX = promised(5.0)
# Asked later than that before the thaw, a call may be admitted after it.
LAST_REFUSED_S = 2.0


async def _probes(urls: list[str], customer: Customer) -> list[Answer]:
    request = body("single", "tokens=3", stream=False, max_tokens=8)
    return await asyncio.gather(*[call(url, customer, request) for url in urls])


async def test_a_frozen_redis_refuses_new_calls_at_once_and_leaves_the_rest_alone(
    deployment: Cluster,
) -> None:
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    urls = [url for _, url in deployment.relays]
    streams = await open_streams(deployment, customer, STREAMS, tokens=80, pace_ms=80)
    async with load(urls, customer) as made, lag.measured(urls[0]) as late:
        await until(lambda: len(made.timed) > 5)
        with frozen(server(deployment, "valkey")):
            frozen_at = time.monotonic()
            await asyncio.sleep(FROZEN_S)
        thawed_at = time.monotonic()
        await until(lambda: made.well_since(thawed_at) is not None)
        normal_at = made.well_since(thawed_at) or math.inf
        answers = await asyncio.gather(*streams)

    refused = made.asked_between(frozen_at, thawed_at - LAST_REFUSED_S)
    assert len(refused) > 10
    assert {each.answer.status for each in refused} == {503}
    assert max(each.took_s for each in refused) < ANSWER_S_MAX + late.here_max_s
    assert late.relay_p99_s < LAG_S_MAX
    assert normal_at - thawed_at < NORMAL_S_MAX
    assert {each.answer.status for each in made.asked_between(normal_at, time.monotonic())} == {200}
    assert all(answer.is_done for answer in answers)
    paid = [each.answer for each in made.timed if each.answer.status == 200]
    await asyncio.to_thread(assert_settled_once, deployment, [*answers, *paid])


async def test_control_a_relay_that_fails_open_serves_for_nothing(deployment: Cluster) -> None:
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="50.00")
    careless, url = await asyncio.to_thread(
        deployment.start_relay, "tests.faults.careless:fail_open"
    )
    with frozen(server(deployment, "valkey")):
        answers = await _probes([url], customer)
    assert [answer.status for answer in answers] == [200]
    deployment.end(careless)
    await asyncio.to_thread(deployment.settled_audit)
    with pytest.raises(AssertionError):
        assert_each_charged_once(deployment, answers)
