"""A site that asks for ten times what it may: is it held to its limit, and does its neighbour feel
it?

Starts its own durable Postgres and Valkey, relays, worker, beat and demo upstreams, as the fault
tests do. Usage: python -m bench.neighbours [--seconds 55] [--limit 600]. Ends with exit code 1
when the limit is missed by more than 5 %, the neighbour is refused anything, or its 99th
percentile grows by more than a fifth (quiet machine).
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import aiohttp

from tests.faults.cluster import Cluster, Customer, cluster

AMOUNT = "10000.00"
# The loud one's site answers at this host only; a browser's resolver sends it to loopback.
LOUD_SITE, LOUD_HOST = "forbidding", "forbidding.localhost"
TIMES_OVER = 10
QUIET_PER_S = 20.0
MINUTE_S = 60.0
LIMIT_ERROR_MAX = 0.05
SLOWER_MAX = 1.2


@dataclass(frozen=True, slots=True)
class Heard:
    """The answers to one steady load."""

    statuses: Counter[int]
    p99_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """The neighbour alone and beside the loud one, and what that one got of its `limit`."""

    alone: Heard
    beside: Heard
    loud: Heard
    limit: int

    @property
    def limit_error(self) -> float:
        """How far from the limit were the loud one's calls of one minute, as a fraction."""
        return abs(self.loud.statuses[200] - self.limit) / self.limit

    @property
    def slower(self) -> float:
        """The neighbour's 99th percentile beside the loud one, in those of alone."""
        return self.beside.p99_s / self.alone.p99_s

    @property
    def is_unharmed(self) -> bool:
        """Whether the neighbour got all it asked for, and the loud one only what it may."""
        answered = self.alone.statuses + self.beside.statuses
        return (
            set(answered) == {200}
            and set(self.loud.statuses) <= {200, 429}
            and self.limit_error <= LIMIT_ERROR_MAX
        )

    def __str__(self) -> str:
        return (
            f"loud site: {self.loud.statuses[200]} of {self.loud.statuses.total()} calls answered,"
            f" limit {self.limit} in a minute: off by {self.limit_error:.1%}\n"
            f"neighbour: p99 {self.alone.p99_s * 1000:.1f} ms alone,"
            f" {self.beside.p99_s * 1000:.1f} ms beside it: x{self.slower:.2f}\n"
            f"neighbour's answers: {dict(self.alone.statuses + self.beside.statuses)}"
        )


def measure(deployment: Cluster, *, seconds: float, limit: int) -> Report:
    """`seconds` alone, then `seconds` of one minute with both; returns when all is audited."""
    [quiet] = deployment.customers(1, amount=AMOUNT)
    [loud] = deployment.customers(1, amount=AMOUNT, site=LOUD_SITE, requests_per_minute=limit)
    urls = [url for _, url in deployment.relays]
    count = round(QUIET_PER_S * seconds)
    # Processes of their own: the upstreams run in this one.
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:

        def begin(customer: Customer, host: str, calls: int) -> "Future[Heard]":
            return pool.submit(load, urls, customer.secret, host, calls, seconds)

        alone = begin(quiet, "", count).result()
        _await_a_minute_with(seconds)
        loudly = begin(loud, LOUD_HOST, limit * TIMES_OVER)
        beside = begin(quiet, "", count).result()
        report = Report(alone, beside, loudly.result(), limit)
    deployment.settled_audit()
    return report


def _await_a_minute_with(seconds: float) -> None:
    """Minutes of limits are the clock's: all calls of the loud one are to be in one."""
    left_s = MINUTE_S - time.time() % MINUTE_S
    if left_s < seconds + min(seconds, MINUTE_S - seconds):
        time.sleep(left_s)


def load(urls: list[str], secret: str, host: str, count: int, seconds: float) -> Heard:
    """`count` calls at a steady pace over all relays in turn, however long each takes."""
    return asyncio.run(_load(urls, secret, host, count, seconds / count))


async def _load(urls: list[str], secret: str, host: str, count: int, every_s: float) -> Heard:
    headers = {"authorization": f"Bearer {secret}"} | ({"host": host} if host else {})
    statuses: Counter[int] = Counter()
    took_s: list[float] = []
    content = "[[demo: tokens=5]]"
    body = {"model": "single", "messages": [{"role": "user", "content": content}]}
    begun = time.monotonic()
    async with aiohttp.ClientSession(headers=headers) as session:

        async def call(number: int) -> None:
            await asyncio.sleep(begun + number * every_s - time.monotonic())
            asked = time.monotonic()
            url = f"{urls[number % len(urls)]}/chat/completions"
            async with session.post(url, json=body) as answer:
                await answer.read()
            statuses[answer.status] += 1
            took_s.append(time.monotonic() - asked)

        await asyncio.gather(*[call(number) for number in range(count)])
    return Heard(statuses, sorted(took_s)[len(took_s) * 99 // 100])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=55)
    parser.add_argument("--limit", type=int, default=600)
    options = parser.parse_args()
    with cluster(durable=True) as deployment:
        report = measure(deployment, seconds=options.seconds, limit=options.limit)
        print(report, flush=True)
    return 0 if report.is_unharmed and report.slower <= SLOWER_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
