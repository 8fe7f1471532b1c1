"""A site that asks for ten times what it may: is it held to its limit, and does its neighbour feel
it?

Starts its own durable Postgres and Valkey, relays, worker, beat and demo upstreams, as the fault
tests do. Usage: python -m bench.neighbours [--seconds 55] [--limit 600] [--rounds 2]. A round is
the neighbour alone, beside a client as loud that asks an upstream itself and is refused there, and
beside the loud one. The second tells what the machine makes of it, on which clients, relays,
upstreams and servers share the cores. With fewer seconds the same calls come faster.

Ends with exit code 1 when the limit is missed by more than 5 % in any round, the neighbour is
refused anything, or its 99th percentile over all rounds is more than a fifth above what the machine
alone makes of it: the larger of those without the loud one (quiet machine, on which either may be
the larger).
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import aiohttp

from tests.faults.cluster import UPSTREAM_KEY, Cluster, cluster

AMOUNT = "10000.00"
# The loud one's site answers at this host only; a browser's resolver sends it to loopback.
LOUD_SITE, LOUD_HOST = "forbidding", "forbidding.localhost"
TIMES_OVER = 10
QUIET_PER_S = 20.0
MINUTE_S = 60.0
LIMIT_ERROR_MAX = 0.05
SLOWER_MAX = 1.2
# What a prompt tells the demo upstream to do.
ANSWERS, REFUSES = "[[demo: tokens=5]]", "[[demo: 429]]"

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Heard:
    """The answers to a steady load."""

    statuses: Counter[int]
    took_s: Sequence[float]

    @property
    def p99_s(self) -> float:
        return sorted(self.took_s)[len(self.took_s) * 99 // 100]

    def __add__(self, other: "Heard") -> "Heard":
        return Heard(self.statuses + other.statuses, [*self.took_s, *other.took_s])


@dataclass(frozen=True, slots=True)
class Report:
    """The neighbour alone and beside the loud one, and what that one got of its `limit` in each of
    its minutes."""

    alone: Heard
    beside: Heard
    elsewhere: Heard  # beside a client as loud, which leaves the platform alone
    loud: Sequence[Heard]
    limit: int

    @property
    def limit_error(self) -> float:
        """How far from the limit the loud one's calls of a minute were at worst, as a fraction."""
        return max(abs(each.statuses[200] - self.limit) for each in self.loud) / self.limit

    @property
    def slower(self) -> float:
        """The neighbour's 99th percentile beside the loud one, in the larger of the others."""
        return self.beside.p99_s / max(self.alone.p99_s, self.elsewhere.p99_s)

    @property
    def is_unharmed(self) -> bool:
        """Whether the neighbour got all it asked for, and the loud one only what it may."""
        answered = self.alone.statuses + self.beside.statuses + self.elsewhere.statuses
        return (
            set(answered) == {200}
            and all(set(each.statuses) <= {200, 429} for each in self.loud)
            and self.limit_error <= LIMIT_ERROR_MAX
        )

    def __str__(self) -> str:
        asked = sum(each.statuses.total() for each in self.loud)
        return (
            f"loud site: {[each.statuses[200] for each in self.loud]} of {asked} calls answered,"
            f" limit {self.limit} in a minute: off by {self.limit_error:.1%} at most\n"
            f"neighbour: p99 {self.alone.p99_s * 1000:.1f} ms alone,"
            f" {self.elsewhere.p99_s * 1000:.1f} ms beside one as loud elsewhere,"
            f" {self.beside.p99_s * 1000:.1f} ms beside it: x{self.slower:.2f}\n"
            f"neighbour's answers: {dict(self.alone.statuses + self.beside.statuses)}"
        )


def measure(deployment: Cluster, *, seconds: float, limit: int, rounds: int = 1) -> Report:
    """In each round `seconds` of each kind, those with both in one minute; returns when all is
    audited."""
    [quiet] = deployment.customers(1, amount=AMOUNT)
    [loud] = deployment.customers(1, amount=AMOUNT, site=LOUD_SITE, requests_per_minute=limit)
    urls = [url for _, url in deployment.relays]
    upstream = deployment.second.base_url
    count = round(QUIET_PER_S * seconds)
    alone = beside = elsewhere = Heard(Counter(), [])
    loud_ones = []
    # Processes of their own: the upstreams run in this one.
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:

        def begin(asked: Sequence[str], headers: Headers, calls: int, does: str) -> "Future[Heard]":
            return pool.submit(load, asked, headers, calls, seconds, does)

        def neighbour() -> Heard:
            return begin(urls, _key(quiet.secret), count, ANSWERS).result()

        for _ in range(rounds):
            alone += neighbour()
            other = begin([upstream], _key(UPSTREAM_KEY), limit * TIMES_OVER, REFUSES)
            elsewhere += neighbour()
            other.result()
            _await_a_minute_with(seconds)
            loudly = begin(
                urls, {**_key(loud.secret), "host": LOUD_HOST}, limit * TIMES_OVER, ANSWERS
            )
            beside += neighbour()
            loud_ones.append(loudly.result())
    deployment.settled_audit()
    return Report(alone, beside, elsewhere, loud_ones, limit)


def _key(secret: str) -> Headers:
    return {"authorization": f"Bearer {secret}"}


def _await_a_minute_with(seconds: float) -> None:
    """Minutes of limits are the clock's: all calls of the loud one are to be in one."""
    left_s = MINUTE_S - time.time() % MINUTE_S
    if left_s < seconds + min(seconds, MINUTE_S - seconds):
        time.sleep(left_s)


def load(urls: Sequence[str], headers: Headers, count: int, seconds: float, does: str) -> Heard:
    """`count` calls at a steady pace over all of `urls` in turn, however long each takes; `does` is
    what the upstream is told."""
    return asyncio.run(_load(urls, headers, count, seconds / count, does))


async def _load(
    urls: Sequence[str], headers: Headers, count: int, every_s: float, does: str
) -> Heard:
    statuses: Counter[int] = Counter()
    took_s: list[float] = []
    body = {"model": "single", "messages": [{"role": "user", "content": does}]}
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
    return Heard(statuses, took_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=55)
    parser.add_argument("--limit", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with cluster(durable=True) as deployment:
        report = measure(deployment, **vars(options))
        print(report, flush=True)
    return 0 if report.is_unharmed and report.slower <= SLOWER_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
