"""One organization under full load: is every call in the books once, how soon, and does anything
deadlock?

Starts its own durable Postgres and Valkey, relays, worker, beat and demo upstreams, as the fault
tests do. Usage: python -m bench.hot_organization [--seconds 300] [--clients 200] [--relays 2].
Ends with exit code 1 when the audit finds anything, a call fails, or Postgres saw a deadlock. The
target for posting is a 99th percentile of 2 s from settling a call to its commit (quiet machine).
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import aiohttp

from tests.faults.cluster import Cluster, cluster

AMOUNT = "1000000.00"  # nobody uses that up in five minutes
# Every so many clients one streams: another path through the relay and the gate.
STREAMING_EVERY = 4
LAG_TARGET_S = 2.0
# From the entry of the stream, which carries Redis' time, to the commit of the record. Both clocks
# are this machine's.
LAGS = """
SELECT count(*), percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY lag_ms) FROM (
  SELECT (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::bigint
    - split_part(stream_id, '-', 1)::bigint AS lag_ms
  FROM billing_usagerecord WHERE organization_id = '{}') AS posted
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What came out. Lags are seconds from settle to commit; `statuses` counts the answers."""

    seconds: float
    statuses: Counter[int]
    records: int
    lag_p50_s: float
    lag_p99_s: float
    lag_max_s: float
    deadlocks: int
    audit: dict[str, Any]

    @property
    def is_ok(self) -> bool:
        """Whether every call succeeded and is on record once, and the books are right."""
        return (
            set(self.statuses) == {200}
            and self.records == self.statuses.total()
            and not self.deadlocks
            and bool(self.audit["ok"])
        )

    def __str__(self) -> str:
        calls = self.statuses.total()
        told = ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items()))
        return (
            f"calls: {calls} in {self.seconds:.0f} s, {calls / self.seconds:.0f}/s ({told})\n"
            f"records: {self.records}\n"
            f"posting lag: p50 {self.lag_p50_s:.2f} s, p99 {self.lag_p99_s:.2f} s,"
            f" max {self.lag_max_s:.2f} s (target: p99 {LAG_TARGET_S} s)\n"
            f"deadlocks: {self.deadlocks}\n"
            f"audit: {'ok' if self.audit['ok'] else self.audit}"
        )


def measure(deployment: Cluster, *, seconds: float, clients: int) -> Report:
    """Load one new organization of the deployment; returns when all is posted and audited."""
    [customer] = deployment.customers(1, amount=AMOUNT)
    urls = [url for _, url in deployment.relays]
    deadlocks = _deadlocks(deployment)
    # A process of their own: the upstreams run in this one.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        statuses = pool.submit(load, urls, customer.secret, seconds, clients).result()
    audit = deployment.settled_audit()
    [(records, lags_ms)] = deployment.query(LAGS.format(customer.organization))
    p50, p99, longest = (lag_ms / 1000 for lag_ms in lags_ms)
    found = _deadlocks(deployment) - deadlocks
    return Report(seconds, statuses, records, p50, p99, longest, found, audit)


def load(urls: Sequence[str], secret: str, seconds: float, clients: int) -> Counter[int]:
    """`clients` at once, each with one call after the other; the answers by status."""
    return asyncio.run(_load(urls, secret, time.monotonic() + seconds, clients))


async def _load(urls: Sequence[str], secret: str, until: float, clients: int) -> Counter[int]:
    headers = {"authorization": f"Bearer {secret}"}
    connector = aiohttp.TCPConnector(limit=clients)
    statuses: Counter[int] = Counter()
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def client(number: int) -> None:
            url = f"{urls[number % len(urls)]}/chat/completions"
            body = {
                "model": "single",
                "stream": number % STREAMING_EVERY == 0,
                "messages": [{"role": "user", "content": "[[demo: tokens=5]]"}],
            }
            while time.monotonic() < until:
                async with session.post(url, json=body) as answer:
                    await answer.read()
                    statuses[answer.status] += 1

        await asyncio.gather(*[client(number) for number in range(clients)])
    return statuses


def _deadlocks(deployment: Cluster) -> int:
    """How many Postgres has told of in its log."""
    return (deployment.folder / "postgres.log").read_text().count("deadlock detected")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--relays", type=int, default=2)
    options = parser.parse_args()
    # What a starved machine delays is no fault of the upstream.
    patience = {"UPSTREAM_FIRST_BYTE_S": "30", "UPSTREAM_BETWEEN_BYTES_S": "30"}
    with cluster(relays=options.relays, durable=True, **patience) as deployment:
        report = measure(deployment, seconds=options.seconds, clients=options.clients)
        print(report, flush=True)
    return 0 if report.is_ok else 1


if __name__ == "__main__":
    sys.exit(main())
