"""How long every page and every reading operation of the management API takes on a big deployment.

Usage: python -m bench.pages --state DIR [--scale 1] [--rounds 20] [--only NAME]. The
deployment is `bench.big_deployment`'s, made when the folder holds none. Prints the median and the
95th percentile of each address in milliseconds, the slowest first; the exit code is 1 when one is
over 300 ms. What is kept for a minute is forgotten before each round: the slow case is measured.
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bench.big.servers import Servers
from bench.big_deployment import deployment, fold, say
from devstack.process import Program, free_port

if TYPE_CHECKING:
    from bench.big import pages

LIMIT_MS = 300
START_TIMEOUT_S = 120.0
# Nothing is near it; it ends what hangs.
ASK_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One address over all rounds, in milliseconds, ascending."""

    name: str
    person: str
    address: str
    took_ms: Sequence[float]
    body_bytes: int

    @property
    def p50(self) -> float:
        return self.took_ms[(len(self.took_ms) - 1) // 2]

    @property
    def p95(self) -> float:
        """The smallest that 95 % are not above."""
        return self.took_ms[-(-len(self.took_ms) * 95 // 100) - 1]

    def __str__(self) -> str:
        sizes = f"{self.p50:6.0f} {self.p95:6.0f} {self.body_bytes / 1000:7.1f}"
        return f"{sizes}  {self.person:8s} {self.address}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose name or address holds this")
    options = parser.parse_args()
    with deployment(options.state, options.scale) as running:
        from django.core.management import call_command

        from bench.big import pages
        from billing import gates

        # The database may have been made by an earlier version.
        call_command("migrate", interactive=False, verbosity=0)
        fold()
        # Of the site that is looked at: the others' balances would take minutes more.
        gates.rebuild(pages.SITE)
        with _web(running) as port:
            measured, others = measure(port, options.rounds, options.only)
    say("   p50    p95      kB  who      address")
    for each in sorted(measured, key=lambda each: -each.p95):
        say(f"{each}")
    for line in others:
        say(f"not measured: {line}")
    slow = [each for each in measured if each.p95 > LIMIT_MS]
    say(f"{len(measured)} addresses, {len(slow)} of them over {LIMIT_MS} ms")
    return 1 if slow else 0


def measure(port: int, rounds: int, only: str) -> tuple[list[Measured], list[str]]:
    """Ask for everything once to see what answers, then round by round."""
    from bench.big import pages

    people = pages.people()
    wanted = [ask for ask in pages.asks() if only in ask.name or only in ask.address]
    took: dict[pages.Ask, list[float]] = defaultdict(list)
    sizes: dict[pages.Ask, int] = {}
    others = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=ASK_TIMEOUT_S) as client:
        for ask in wanted:
            answer, _ = _ask(client, people, ask)
            if answer.status_code == 200:
                sizes[ask] = len(answer.content)
            elif answer.status_code != 405:
                others.append(f"{answer.status_code} {ask.person} {ask.address}")
        for _ in range(rounds):
            _forget()
            for ask in sizes:
                took[ask].append(_ask(client, people, ask)[1])
    return [
        Measured(ask.name, ask.person, ask.address, sorted(took[ask]), size)
        for ask, size in sizes.items()
    ], others


def _ask(
    client: httpx.Client, people: "pages.People", ask: "pages.Ask"
) -> tuple[httpx.Response, float]:
    from django.conf import settings

    from bench.big import pages

    headers = {"host": pages.HOST}
    if ask.is_api:
        headers["authorization"] = f"Bearer {people.tokens.get(ask.person, '')}"
    elif session := people.sessions[ask.person]:
        headers["cookie"] = f"{settings.SESSION_COOKIE_NAME}={session}"
    client.cookies.clear()
    start = time.perf_counter()
    answer = client.get(ask.address, headers=headers)
    return answer, (time.perf_counter() - start) * 1000


def _forget() -> None:
    """What pages keep for a while, counts of attempts included."""
    from billing import connections

    redis = connections.redis()
    for name in redis.scan_iter("cache:*", count=10_000):
        # Of these the worker sees to it that nobody waits for them.
        if b"site-overview" not in name and b"status-history" not in name:
            redis.delete(name)


@contextmanager
def _web(running: Servers) -> Iterator[int]:
    """The web process as production has it, one of them; the port."""
    port = free_port()
    log = running.folder / "web.log"
    program = Program(
        name="web",
        argv=[
            *(sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port)),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log"),
        ],
        log=log,
        env=os.environ | {"API_REQUESTS_PER_MINUTE": "1000000"},
    )
    web = running.group.start(program)
    running.group.await_ready(web, lambda: _answers(port), timeout_s=START_TIMEOUT_S)
    resident_kb = Path(f"/proc/{web.pid}/status").read_text().partition("VmRSS:")[2].split()[0]
    say(f"the web process holds {int(resident_kb) // 1024} MB")
    yield port
    running.group.end(web)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=5).status_code < 500
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main())
