"""Takes a deployment's own servers away: frozen, killed, started again. And load that goes on."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from devstack.process import Child
from tests.faults.calls import Answer, body, call
from tests.faults.cluster import READY_S, Cluster, Customer, wait_until

# The load is steady, not heavy: one core serves the whole deployment and the test.
EVERY_S = 0.1
WELL = 10  # successes in a row mean that every relay serves again, not just one


@dataclass(frozen=True, slots=True)
class Timed:
    """One call of the load: what came back, when it was asked (monotonic) and how long it took."""

    answer: Answer
    asked_at: float
    took_s: float


@dataclass(slots=True)
class Load:
    """Calls that were made so far."""

    timed: list[Timed] = field(default_factory=list)

    def asked_between(self, first: float, last: float) -> list[Timed]:
        return [each for each in self.timed if first <= each.asked_at <= last]

    def well_since(self, since: float) -> float | None:
        """When the first was asked of the WELL calls in a row, to all relays in turn, that were
        the last to be answered after `since` and were all answered with 200; else None."""
        last = sorted((t.asked_at, t.answer.status) for t in self.timed if t.asked_at >= since)
        row = last[-WELL:]
        return row[0][0] if [status for _, status in row] == [200] * WELL else None

    def has_success_since(self, since: float) -> bool:
        return any(t.asked_at >= since and t.answer.status == 200 for t in self.timed)


def server(deployment: Cluster, name: str) -> Child:
    """The child that runs a program of that name."""
    children = deployment.group._children
    return next(child for child in children if child.program.name == name)


@contextmanager
def frozen(child: Child) -> Iterator[None]:
    """The program is stopped, its sockets stay open."""
    os.kill(child.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(child.pid, signal.SIGCONT)


def start_again(deployment: Cluster, child: Child) -> Child:
    """The same program anew, at the same address and on the same data; not ready yet.

    Call it from the main thread: on Linux a child ends with the thread that started it.
    """
    deployment.group.end(child)
    return deployment.group.start(child.program)


def kill(child: Child, how: signal.Signals = signal.SIGKILL) -> None:
    """End it as a crash would."""
    os.kill(child.pid, how)
    wait_until(lambda: child.exit_code is not None, timeout_s=READY_S)


@asynccontextmanager
async def load(urls: Sequence[str], customer: Customer) -> AsyncIterator[Load]:
    """Short calls at a steady pace, over all relays in turn; all are answered at the end."""
    made, is_over, calls = Load(), asyncio.Event(), []

    async def one(url: str) -> None:
        asked_at = time.monotonic()
        answer = await call(url, customer, body("single", "tokens=3", stream=False, max_tokens=8))
        made.timed.append(Timed(answer, asked_at, time.monotonic() - asked_at))

    async def run() -> None:
        while not is_over.is_set():
            calls.append(asyncio.create_task(one(urls[len(calls) % len(urls)])))
            await asyncio.sleep(EVERY_S)

    running = asyncio.create_task(run())
    try:
        yield made
    finally:
        is_over.set()
        await running
        await asyncio.gather(*calls)


async def open_streams(
    deployment: Cluster, customer: Customer, count: int, *, tokens: int, pace_ms: int
) -> list[asyncio.Task[Answer]]:
    """Streams over all relays, each of which has delivered something."""
    deployment.first.clear()
    urls = [url for _, url in deployment.relays]
    request = body("single", f"tokens={tokens} pace={pace_ms}", stream=True, max_tokens=2_000)
    streams = [
        asyncio.create_task(call(urls[n % len(urls)], customer, request)) for n in range(count)
    ]

    def have_begun() -> bool:
        # the load's own calls are whole answers
        calls = deployment.first.calls()
        return sum(row["stream"] and row["tokens_sent"] > 2 for row in calls) == count

    await until(have_begun)
    return streams


async def until(is_so: object, *, timeout_s: float = READY_S) -> None:
    """`wait_until` beside a running load."""
    await asyncio.to_thread(wait_until, is_so, timeout_s=timeout_s)  # type: ignore[arg-type]


def assert_each_charged_once(deployment: Cluster, answers: Sequence[Answer]) -> None:
    """Every answered call has its one record, completed and charged; nobody else has one."""
    ids = {answer.request_id for answer in answers}
    assert len(ids) == len(answers)
    rows = deployment.query("SELECT request_id, ending, charge_nanos FROM billing_usagerecord")
    records = {row[0]: row[1:] for row in rows}
    assert not ids - set(records)
    for request_id in ids:
        ending, charge_nanos = records[request_id]
        assert ending == "completed", request_id
        assert charge_nanos > 0


def assert_settled_once(deployment: Cluster, answers: Sequence[Answer]) -> None:
    """`assert_each_charged_once`, and the audit, once relays have given back what they kept."""
    ids = {answer.request_id for answer in answers}

    def are_on_record() -> bool:
        rows = deployment.query("SELECT request_id FROM billing_usagerecord")
        return ids <= {row[0] for row in rows}

    wait_until(are_on_record, timeout_s=READY_S)
    deployment.settled_audit()
    assert_each_charged_once(deployment, answers)
