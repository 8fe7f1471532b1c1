"""One Upload on its way into a socket: a piece at a time, and none while the socket is full.
Knows nothing of the answer; whoever started it stops it when the exchange is over."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from relay.proxy.upstream.errors import UploadFailed
from relay.proxy.upstream.port import Upload


class Sending:
    """Writes in a task of its own, so that an answer can be read meanwhile."""

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        body: Upload,
        *,
        on_progress: Callable[[], None],
        on_failure: Callable[[UploadFailed], None],
    ) -> None:
        """`on_progress` after each piece; `on_failure` once, when the body can't be read."""
        self._transport = transport
        self._body = body
        self._on_progress = on_progress
        self._on_failure = on_failure
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._is_done = body.size_bytes == 0
        self._task = asyncio.get_running_loop().create_task(self._run())

    def pause(self) -> None:
        """The transport holds enough."""
        self._may_write.clear()

    def resume(self) -> None:
        """The transport takes more."""
        self._may_write.set()

    def stop(self) -> bool:
        """Write no more; whether everything had been written. Idempotent."""
        self._task.cancel()
        return self._is_done

    async def _run(self) -> None:
        try:
            left_bytes = self._body.size_bytes
            async with aclosing(self._body.pieces()) as pieces:
                async for piece in pieces:
                    left_bytes -= len(piece)
                    if left_bytes < 0:
                        break
                    self._transport.write(piece)
                    self._is_done = not left_bytes
                    self._on_progress()
                    await self._may_write.wait()
        except Exception:  # noqa: BLE001  the source's own: the reader of the answer hears of it
            self._on_failure(UploadFailed("the body could not be read"))
        else:
            if left_bytes:
                self._on_failure(UploadFailed("the body is not as long as it had said"))
