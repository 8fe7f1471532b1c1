"""What runs beside the requests, for as long as the process serves them."""

import asyncio
from abc import ABC, abstractmethod


class Background(ABC):
    """One per process. `start` and `stop` from the lifespan; each says in `_run` what it does."""

    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End, whatever it is at."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @abstractmethod
    async def _run(self) -> None:
        """Goes on until it is cancelled."""
