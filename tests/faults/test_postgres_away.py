"""Acceptance 14: with Postgres stopped Calls go on, and all of them are posted once it is back.

The control, workers that acknowledge before they commit, is in test_posting_faults.py.
"""

import asyncio
import json
import time

import pytest
import redis

from billing.gate import wire
from billing.gate.blocking import ASK_SERVER
from billing.gate.keys import hold_keys, usage_key
from billing.gate.scripts import SETTLE
from billing.gate.types import HoldRef, SettleRequest
from tests.faults.calls import Answer, body, call
from tests.faults.cluster import Cluster, Customer
from tests.faults.outages import (
    assert_settled_once,
    load,
    open_streams,
    server,
    start_again,
)
from tests.patience import promised

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

AWAY_S = 5.0  # for 60 s, as everything here is shortened alike
STREAMS = 20
BACKLOG = 6_000
PER_SECOND_MIN = 1_000 / promised(1.0)
SITE = "default"
POLL_S = 0.01


def _pile_up(deployment: Cluster, customer: Customer) -> None:
    """More usage than this deployment could make in the time: the settle of other Calls that ended
    as one did that waits already."""
    with redis.Redis.from_url(deployment.env["REDIS_URL"]) as client:
        rows: list[tuple[bytes, dict[bytes, bytes]]] = client.xrange(usage_key(SITE), count=1)  # type: ignore[assignment]
        like = json.loads(rows[0][1][b"event"])
        pipeline = client.pipeline(transaction=False)
        client.script_load(SETTLE.text)
        for number in range(BACKLOG):
            request_id = f"req_backlog_{number}"
            ref = HoldRef(SITE, request_id, customer.organization, customer.key_id)
            event = json.dumps(like | {"request_id": request_id}).encode()
            charge = int(rows[0][1][b"debited"])
            args = wire.settle_args(SettleRequest(ref, charge, 10, "completed", event))
            pipeline.evalsha(SETTLE.sha, len(hold_keys(ref)), *hold_keys(ref), *args, ASK_SERVER)
        pipeline.execute()


def _seconds_to_drain(deployment: Cluster) -> float:
    """From the first event that leaves the stream to the last of them."""
    with redis.Redis.from_url(deployment.env["REDIS_URL"]) as client:
        began_at: float | None = None
        while waiting := int(client.xlen(usage_key(SITE))):  # type: ignore[arg-type]
            if began_at is None and waiting < BACKLOG:
                began_at = time.monotonic() - POLL_S
            time.sleep(POLL_S)
    assert began_at is not None
    return time.monotonic() - began_at


async def _ask(url: str, customer: Customer) -> Answer:
    return await call(url, customer, body("single", "tokens=3", stream=False, max_tokens=8))


async def test_without_postgres_calls_go_on_and_all_are_posted_when_it_is_back(
    deployment: Cluster,
) -> None:
    customer, stranger = await asyncio.to_thread(deployment.customers, 2, amount="50.00")
    urls = [url for _, url in deployment.relays]
    known = await asyncio.gather(*[_ask(url, customer) for url in urls])  # each caches the key
    assert [answer.status for answer in known] == [200] * len(urls)
    streams = await open_streams(deployment, customer, STREAMS, tokens=60, pace_ms=100)
    child = server(deployment, "postgres")
    await asyncio.to_thread(child.stop)
    stopped_at = time.monotonic()
    async with load(urls, customer) as made:
        await asyncio.sleep(AWAY_S)
        unknown = await _ask(urls[0], stranger)
    answers = await asyncio.gather(*streams)

    assert time.monotonic() > stopped_at + AWAY_S
    assert len(made.timed) > 20
    assert {each.answer.status for each in made.timed} == {200}
    assert unknown.status == 503
    assert all(answer.is_done for answer in answers)
    await asyncio.to_thread(_pile_up, deployment, customer)
    start_again(deployment, child)
    took_s = await asyncio.to_thread(_seconds_to_drain, deployment)
    assert BACKLOG / took_s >= PER_SECOND_MIN
    answered = [*known, *answers, *(each.answer for each in made.timed)]
    await asyncio.to_thread(assert_settled_once, deployment, answered)
    ((posted,),) = deployment.query(
        "SELECT count(*) FROM billing_usagerecord WHERE request_id LIKE 'req\\_backlog\\_%'"
    )
    assert posted == BACKLOG
