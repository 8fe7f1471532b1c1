"""The `stack` fixture: the whole platform as `make run` starts it, on a port and folder of its own.

Loaded as a plugin (`-p tests.stack`). The child processes end with the session, however it ends.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devstack.process import free_port
from tests.servers import SETTINGS

CHECKOUT = Path(__file__).resolve().parents[1]
START_TIMEOUT_S = 200.0  # under 20 s on an idle machine
STOP_TIMEOUT_S = 40.0
POLL_S = 0.05

# What the session's own servers are told by; the stack must find its own.
PRIVATE = (*SETTINGS, "DATABASE_URL", "REDIS_URL", "STATE_DIR", "PORT")


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: what dev.json says, and the way to its command line."""

    process: "subprocess.Popen[str]"
    state_dir: Path
    port: int

    @property
    def facts(self) -> Mapping[str, Any]:
        """The content of dev.json."""
        document: dict[str, Any] = json.loads((self.state_dir / "dev.json").read_text())
        return document

    def manage(self, *arguments: str) -> Any:
        """Run `manage.py` beside the stack, as a user would; the JSON that it prints."""
        done = self.python("manage.py", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def python(
        self, script: str, *arguments: str, **extra: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a script beside the stack."""
        return subprocess.run(
            [sys.executable, script, *arguments],
            cwd=CHECKOUT,
            env=environment(self.state_dir, **extra),
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_S,
        )

    def stop(self) -> int:
        """Ctrl-C; the exit code. The folder stays: another stack may be started in it."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_TIMEOUT_S)


def environment(state_dir: Path, **extra: str) -> dict[str, str]:
    """This process's variables without the test session's own settings."""
    kept = {name: value for name, value in os.environ.items() if name not in PRIVATE}
    return kept | {"STATE_DIR": str(state_dir)} | extra


def start(state_dir: Path, **extra: str) -> Stack:
    """Start a stack and return when it has told how to use it."""
    port = free_port()
    told = state_dir / "dev.json"
    told.unlink(missing_ok=True)
    with (state_dir / "output.log").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "devstack", "run", "--end-with-parent"],
            cwd=CHECKOUT,
            env=environment(state_dir, PORT=str(port), **extra),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not told.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            pytest.fail(f"the stack did not start:\n{(state_dir / 'output.log').read_text()}")
        time.sleep(POLL_S)
    return Stack(process, state_dir, port)


@contextmanager
def new_state_dir() -> Iterator[Path]:
    """A folder that another account can go through, as Postgres under root needs; then gone."""
    folder = Path(tempfile.mkdtemp(prefix="tollgate-stack-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack that all tests of the session share: make an organization of your own in it."""
    with new_state_dir() as folder:
        stack = start(folder)
        yield stack
        stack.stop()
