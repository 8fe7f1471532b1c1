"""Child processes that never outlive the process that started them.

Knows programs, logs, signals and time-outs; knows nothing of what the programs do.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LOG_TAIL_BYTES = 16 * 1024  # what a failed start is explained with: a traceback fits
KILL_TIMEOUT_S = 5.0  # SIGKILL is certain; only a process in uninterruptible I/O takes longer
POLL_S = 0.02


class ProcessFailed(Exception):
    """A child ended or never became ready; the message names it and ends with its last lines."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how it wants to be ended."""

    name: str
    argv: Sequence[str | Path]
    log: Path
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    user: str | None = None
    lock: Path | None = None  # held while any process of the program lives (launch.py)
    stdin: Path | None = None  # nothing to read where it is not given
    stale_file: Path | None = None  # removed once the lock is held
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    stop_timeout_s: float = 10.0


class Child:
    """One running program in a process group of its own, so that Ctrl-C reaches only its owner."""

    def __init__(self, program: Program) -> None:
        self.program = program
        stdin = program.stdin or Path(os.devnull)
        # The log is truncated at each start: that bounds its size over time.
        with program.log.open("wb") as log, stdin.open("rb") as source:
            self._process = subprocess.Popen(
                _launch_command(program),
                stdin=source,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(program.env) if program.env is not None else None,
                cwd=program.cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative is the signal that ended it."""
        return self._process.poll()

    def wait(self, timeout_s: float) -> int:
        """The exit code; ProcessFailed, and the program ended, when it takes longer."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.stop()
            raise self.failure(f"took longer than {timeout_s:.0f} s") from None

    def stop(self) -> None:
        """Ask it to end, then insist; also ends what it left in its group. Idempotent."""
        if self.exit_code is None:
            self._process.send_signal(self.program.stop_signal)
            try:
                self._process.wait(self.program.stop_timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(KILL_TIMEOUT_S)
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nothing was left, the usual case (macOS: EPERM for a group of zombies)

    def failure(self, what: str) -> ProcessFailed:
        """An exception that says what happened, followed by the end of the log."""
        return ProcessFailed(f"{self.program.name} {what}\n{log_tail(self.program.log)}".rstrip())


class ProcessGroup:
    """The children of one owner: started in order, ended in reverse order.

    Start them from a thread that lives as long as the owner: on Linux the death signal is tied to
    the thread. Leaving the `with` block ends everything; so does any death of the owner.
    """

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", HERE / "watchdog.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> "ProcessGroup":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def children(self) -> tuple[Child, ...]:
        """What was started and not yet ended, in order."""
        return tuple(self._children)

    def start(self, program: Program) -> Child:
        """Start a program and take responsibility for it."""
        child = Child(program)
        self._children.append(child)
        self._tell_watchdog(f"+{child.pid} {program.orphan_signal.value}\n")
        return child

    def run(self, program: Program, *, timeout_s: float) -> None:
        """Run a program to its end; ProcessFailed unless it exits with 0 in time."""
        child = self.start(program)
        exit_code = child.wait(timeout_s)
        self.end(child)
        if exit_code != 0:
            raise child.failure(ending(exit_code))

    def end(self, child: Child) -> None:
        """End one child before the others."""
        child.stop()
        self._children.remove(child)
        self._tell_watchdog(f"-{child.pid}\n")

    def restart(self, child: Child) -> Child:
        """Start an ended child's program anew, in its place in the order of ending."""
        child.stop()
        successor = Child(child.program)
        self._children[self._children.index(child)] = successor
        self._tell_watchdog(f"-{child.pid}\n")
        self._tell_watchdog(f"+{successor.pid} {child.program.orphan_signal.value}\n")
        return successor

    def await_ready(self, child: Child, is_ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Return once `is_ready`; ProcessFailed when the child ends or takes too long."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if (exit_code := child.exit_code) is not None:
                raise child.failure(ending(exit_code))
            if time.monotonic() > deadline:
                raise child.failure(f"was not ready within {timeout_s:.0f} s")
            time.sleep(POLL_S)

    def find_ended(self) -> Child | None:
        """A child that is no longer running, if there is one."""
        return next((child for child in self._children if child.exit_code is not None), None)

    def stop(self) -> None:
        """End all children, the last one first, then the watchdog. Idempotent."""
        for child in reversed(list(self._children)):
            self.end(child)
        if self._watchdog.stdin and not self._watchdog.stdin.closed:
            self._watchdog.stdin.close()
            self._watchdog.wait(KILL_TIMEOUT_S)

    def _tell_watchdog(self, line: str) -> None:
        if self._watchdog.stdin is None or self._watchdog.poll() is not None:
            return  # someone killed it; on Linux the kernel still covers the children
        self._watchdog.stdin.write(line.encode("ascii"))
        self._watchdog.stdin.flush()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def ending(exit_code: int) -> str:
    """An exit code in words."""
    if exit_code < 0:
        return f"was ended by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"


def log_tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log, as text whatever bytes are in it."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])


def _launch_command(program: Program) -> list[str | Path]:
    command: list[str | Path] = [sys.executable, "-I", "-S", HERE / "launch.py"]
    command += ["--parent", str(os.getpid())]
    command += ["--orphan-signal", str(program.orphan_signal.value)]
    if program.user:
        command += ["--user", program.user]
    if program.lock:
        command += ["--lock", program.lock]
    if program.stale_file:
        command += ["--stale", program.stale_file]
    return [*command, "--", *program.argv]
