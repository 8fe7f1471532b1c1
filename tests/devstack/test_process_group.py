"""Children end with their owner, whichever way it ends."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from devstack.process import ProcessFailed, ProcessGroup, Program

DEADLINE_S = 60.0
SLEEP = "import time; time.sleep(600)"
# A child with a grandchild in its process group, as Celery's pool or a shell would leave behind.
FAMILY = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).wait()"
OWNER = """
import sys, time
from pathlib import Path
from devstack.process import ProcessGroup, Program
group = ProcessGroup()
child = group.start(Program("child", [sys.executable, "-c", sys.argv[2]], Path(sys.argv[1])))
print(child.pid, flush=True)
time.sleep(600)
"""


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def _group_exists(group: int) -> bool:
    """Whether a process of the group still runs; one that only awaits its reaping does not."""
    states = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group_of = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(group_of) == group:
            states.append(state)
    return any(state not in "ZX" for state in states)


def _program(tmp_path: Path, code: str, name: str = "child") -> Program:
    return Program(name, [sys.executable, "-c", code], tmp_path / f"{name}.log")


def _has_output(program: Program) -> bool:
    return program.log.read_text() != ""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("code", [SLEEP, FAMILY])
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_owner_leaves_no_process(
    tmp_path: Path, ending: signal.Signals, code: str
) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, tmp_path / "log", code], stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        group = int(owner.stdout.readline())
        assert _group_exists(group)
        owner.send_signal(ending)
    _await(lambda: not _group_exists(group))


def test_leaving_the_block_ends_children_in_reverse_order(tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n    open({order!r}, 'a').write({name!r}); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('ready', flush=True); time.sleep(600)"
    )
    with ProcessGroup() as group:
        for name in "ab":
            program = _program(tmp_path, code.format(order=str(order), name=name), name)
            child = group.start(program)
            group.await_ready(child, partial(_has_output, program), timeout_s=DEADLINE_S)
    assert order.read_text() == "ba"


def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True);"
    program = Program(
        "deaf", [sys.executable, "-c", code + SLEEP], tmp_path / "log", stop_timeout_s=0.1
    )
    with ProcessGroup() as group:
        child = group.start(program)
        group.await_ready(child, partial(_has_output, program), timeout_s=DEADLINE_S)
        group.end(child)
        assert child.exit_code == -signal.SIGKILL


def test_a_crash_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with ProcessGroup() as group:
        child = group.start(_program(tmp_path, "raise SystemExit('out of cheese')"))
        with pytest.raises(ProcessFailed, match=r"child ended with exit code 1\nout of cheese"):
            group.await_ready(child, lambda: False, timeout_s=DEADLINE_S)
        assert group.find_ended() is child


def test_an_unready_child_is_not_waited_for_without_end(tmp_path: Path) -> None:
    with ProcessGroup() as group:
        child = group.start(_program(tmp_path, SLEEP))
        with pytest.raises(ProcessFailed, match="not ready"):
            group.await_ready(child, lambda: False, timeout_s=0.05)


def test_a_program_that_runs_too_long_is_ended(tmp_path: Path) -> None:
    with ProcessGroup() as group, pytest.raises(ProcessFailed, match="took longer"):
        group.run(_program(tmp_path, SLEEP), timeout_s=0.2)


def test_a_lock_is_held_by_grandchildren_too(tmp_path: Path) -> None:
    """A data folder stays closed while anything that writes there lives."""
    lock = tmp_path / "lock"
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', {!r}], close_fds=False)"
    with ProcessGroup() as group:
        first = Program(
            "first", [sys.executable, "-c", code.format(SLEEP)], tmp_path / "a.log", lock=lock
        )
        child = group.start(first)
        _await(lambda: child.exit_code == 0)
        second = Program("second", [sys.executable, "-c", ""], tmp_path / "b.log", lock=lock)
        waiting = group.start(second)
        with pytest.raises(ProcessFailed):
            group.await_ready(waiting, lambda: False, timeout_s=0.2)
        group.end(child)  # sweeps the process group
        assert waiting.wait(DEADLINE_S) == 0
