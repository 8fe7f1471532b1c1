"""Files of a form: in memory while short, on a nameless file else, gone when closed."""

import asyncio
import os
import tempfile
from pathlib import Path

import pytest

from relay.proxy.forms.spool import MEMORY_BYTES_MAX, Spool


def open_files() -> int:
    """File descriptors of this process that lead to deleted files."""
    links = (f"/proc/self/fd/{each}" for each in os.listdir("/proc/self/fd"))
    return sum("(deleted)" in os.readlink(each) for each in links if os.path.lexists(each))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("size", [0, 1, MEMORY_BYTES_MAX, MEMORY_BYTES_MAX + 1, 5_000_000])
async def test_what_was_put_in_comes_out_in_any_stretch(size: int, folder: Path) -> None:
    data = os.urandom(size)
    spool, before = Spool(), open_files()
    for start in range(0, size, 70_001):
        await spool.append(data[start : start + 70_001])
    assert spool.size_bytes == size
    assert spool.is_on_disk == (size > MEMORY_BYTES_MAX)
    assert await spool.read(0, size) == data
    assert await spool.read(size // 2, 10) == data[size // 2 : size // 2 + 10]
    assert await spool.read(size, 10) == b""
    assert os.listdir(folder) == []
    spool.close()
    spool.close()
    assert open_files() == before


@pytest.mark.parametrize("size", [10, MEMORY_BYTES_MAX + 1])
async def test_a_closed_spool_gives_nothing(size: int) -> None:
    spool = Spool()
    await spool.append(b"a" * size)
    spool.close()
    with pytest.raises(ValueError, match="closed"):
        await spool.read(0, 1)


async def test_closing_while_a_thread_reads_is_safe() -> None:
    spool = Spool(memory_bytes_max=10)
    await spool.append(b"a" * 1_000_000)
    reading = [asyncio.ensure_future(spool.read(0, 1_000_000)) for _ in range(20)]
    await asyncio.sleep(0)
    spool.close()
    for result in await asyncio.gather(*reading, return_exceptions=True):
        assert result == b"a" * 1_000_000 or isinstance(result, ValueError)
