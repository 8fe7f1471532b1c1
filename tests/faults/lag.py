"""How late event loops are: of a relay, seen from outside, and of this process for comparison."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

EVERY_S = 0.02


@dataclass(slots=True)
class Lag:
    """Seconds. What the machine does to everybody shows in `here_s` as well as in `there_s`."""

    there_s: list[float] = field(default_factory=list)
    here_s: list[float] = field(default_factory=list)

    @property
    def relay_p99_s(self) -> float:
        """What the relay is late beyond what this process is."""
        return percentile(self.there_s, 99) - percentile(self.here_s, 99)

    @property
    def here_max_s(self) -> float:
        return max(self.here_s)


def percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


@asynccontextmanager
async def measured(base_url: str) -> AsyncIterator[Lag]:
    """Asks the relay, as long as the block runs, what it answers without asking anybody: a 404."""
    lag = Lag()

    async def look_here() -> None:
        while True:
            slept_at = time.monotonic()
            await asyncio.sleep(EVERY_S)
            lag.here_s.append(time.monotonic() - slept_at - EVERY_S)

    async def look_there() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                asked_at = time.monotonic()
                async with session.get(f"{base_url}/nowhere") as answer:
                    await answer.read()
                lag.there_s.append(time.monotonic() - asked_at)
                await asyncio.sleep(EVERY_S)

    tasks = [asyncio.create_task(look_here()), asyncio.create_task(look_there())]
    try:
        yield lag
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
