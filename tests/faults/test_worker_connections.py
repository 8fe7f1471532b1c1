"""The worker's tasks share connections to Postgres, and replace one that was lost."""

import asyncio

import pytest

from tests.faults.calls import body, call, posted_record
from tests.faults.cluster import READY_S, Cluster, wait_until

# A second is two ticks: none that old would be there if every task opened its own.
SHARED = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_start < now() - interval '3 seconds' AND state_change > now() - interval '2 s'"
    " AND query NOT LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
)


@pytest.mark.stack
async def test_ticks_share_connections_and_outlive_them(deployment: Cluster) -> None:
    await asyncio.to_thread(wait_until, lambda: bool(deployment.query(SHARED)), timeout_s=READY_S)
    lost = [pid for (pid,) in deployment.query(SHARED)]
    deployment.query(f"SELECT pg_terminate_backend(pid) FROM unnest(ARRAY{lost}) AS pid")  # noqa: S608
    [customer] = deployment.customers(1, amount="1.00")
    _, url = deployment.relays[0]
    answer = await call(url, customer, body("single", "tokens=5", stream=False))
    assert answer.status == 200
    assert await posted_record(deployment, answer.request_id)
    await asyncio.to_thread(wait_until, lambda: bool(deployment.query(SHARED)), timeout_s=READY_S)
