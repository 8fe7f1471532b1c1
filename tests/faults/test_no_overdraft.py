"""Acceptance 1: whatever the concurrency, a balance admits what it can pay and no more.

The control, a gate that reads and then writes, is in tests/billing/gate.
"""

import asyncio

import aiohttp
import pytest

from tests.faults.cluster import Cluster, Customer

SEEDS = 50
# 1000 tokens at 75.00 a million: the worst case of a call and, by the directive, its charge too.
CALL = {
    "model": "dear",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "[[demo: tokens=1000]]"}],
}


async def _storm(deployment: Cluster, customer: Customer, parallel: int) -> list[int]:
    urls = [f"{url}/chat/completions" for _, url in deployment.relays]
    headers = {"authorization": f"Bearer {customer.secret}"}
    connector = aiohttp.TCPConnector(limit=parallel)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def call(url: str) -> int:
            async with session.post(url, json=CALL) as answer:
                await answer.read()
                return answer.status

        return await asyncio.gather(*[call(urls[n % len(urls)]) for n in range(parallel)])


@pytest.mark.stack
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("amount", "parallel", "seeds", "admitted", "left_nanos"),
    [("1.00", 200, SEEDS, 13, 25_000_000), ("0.500", 20, SEEDS, 6, 50_000_000)],
)
async def test_parallel_calls_over_two_relays_spend_a_balance_and_not_more(
    deployment: Cluster, amount: str, parallel: int, seeds: int, admitted: int, left_nanos: int
) -> None:
    customers = deployment.customers(seeds, amount=amount)
    for customer in customers:
        statuses = await _storm(deployment, customer, parallel)
        assert sorted(set(statuses)) == [200, 402], customer
        assert statuses.count(200) == admitted, customer
    deployment.settled_audit()
    names = ", ".join(f"'{customer.organization}'" for customer in customers)
    left = deployment.query(
        f"SELECT DISTINCT balance_nanos FROM billing_ledgeraccount"  # noqa: S608
        f" WHERE organization_id IN ({names})"
    )
    assert left == [(left_nanos,)]
