"""Where the files of one form are kept: in memory while they are short, else in one nameless
temporary file. Nothing of it outlives `close`, nor the process."""

import asyncio
import tempfile
import threading
from typing import IO

# Up to here nothing touches the disk: pictures and voice messages mostly stay below.
MEMORY_BYTES_MAX = 256 * 1024


class Spool:
    """Bytes that are appended once and read as often as they are sent."""

    def __init__(self, *, memory_bytes_max: int = MEMORY_BYTES_MAX) -> None:
        self._memory_bytes_max = memory_bytes_max
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._size_bytes = 0
        self._is_closed = False
        # A thread may still be at the file when the task that waited for it was cancelled.
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """How much it holds."""
        return self._size_bytes

    @property
    def is_on_disk(self) -> bool:
        """Whether there is a file."""
        return self._file is not None

    async def append(self, data: bytes) -> None:
        """Keep `data` after what is there. OSError when the disk is full."""
        self._size_bytes += len(data)
        if self._file is None and self._size_bytes <= self._memory_bytes_max:
            self._memory += data
            return
        await asyncio.to_thread(self._write, data)

    async def read(self, offset: int, size_bytes: int) -> bytes:
        """So many bytes from `offset` on; ValueError after `close`."""
        if self._file is None:
            if self._is_closed:
                raise ValueError("read of a closed spool")
            return bytes(self._memory[offset : offset + size_bytes])
        return await asyncio.to_thread(self._read, offset, size_bytes)

    def close(self) -> None:
        """Let go of memory and file. Idempotent."""
        with self._lock:
            self._is_closed = True
            self._memory = bytearray()
            if self._file is not None:
                self._file.close()

    def _write(self, data: bytes) -> None:
        with self._lock:
            if self._is_closed:
                raise ValueError("write to a closed spool")
            if self._file is None:
                # Unnamed from the start where the system can: not even SIGKILL leaves it behind.
                self._file = tempfile.TemporaryFile(prefix="tollgate-")  # noqa: SIM115
                self._file.write(self._memory)
                self._memory = bytearray()
            self._file.write(data)

    def _read(self, offset: int, size_bytes: int) -> bytes:
        with self._lock:
            if self._file is None or self._is_closed:
                raise ValueError("read of a closed spool")
            self._file.seek(offset)
            return self._file.read(size_bytes)
