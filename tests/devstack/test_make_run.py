"""`make run` as its user sees it: it tells how to use it, the telling is true, it ends cleanly."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.stack import CHECKOUT, Stack, environment, new_state_dir, start

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]
DEADLINE_S = 60.0
MEMBERS = {"base_url", "dashboard_url", "api_key", "model", "operator", "customer"}


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    """A stack that these tests may end."""
    with new_state_dir() as folder:
        stack = start(folder)
        yield stack
        stack.process.kill()
        stack.process.wait()
        _await(lambda: not _processes(folder))


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)


def _processes(state_dir: Path) -> dict[str, int]:
    """All processes that were started for a state folder: command line and id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            where = os.readlink(folder / "cwd")
        except OSError:  # gone, or a zombie: neither runs
            continue
        if bytes(state_dir) in told or where.startswith(str(state_dir)):
            found[(folder / "cmdline").read_text()] = int(folder.name)
    return found


def _run(state_dir: Path, **extra: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "devstack", "run"],
        cwd=CHECKOUT,
        env=environment(state_dir, **extra),
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_it_tells_a_person_and_a_script_the_same(own: Stack) -> None:
    banner = (own.state_dir / "output.log").read_text()
    assert set(own.facts) == MEMBERS
    for fact in (
        *(own.facts[name] for name in ("base_url", "dashboard_url", "api_key", "model")),
        *(own.facts[who][what] for who in ("operator", "customer") for what in ("email",)),
        *(own.facts[who]["password"] for who in ("operator", "customer")),
    ):
        assert fact in banner
    assert (own.state_dir / "dev.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("first_line", ["curl ", ".venv/bin/python "])
def test_the_examples_work_when_pasted(own: Stack, first_line: str) -> None:
    banner = (own.state_dir / "output.log").read_text()
    example = first_line + banner.split(f"\n{first_line}", 1)[1].split("\n\n", 1)[0]
    done = subprocess.run(
        ["sh", "-c", example], cwd=CHECKOUT, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    assert "Hello" in done.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_default_site_answers_on_both_names(own: Stack, host: str) -> None:
    answer = httpx.get(f"http://{host}:{own.port}/", timeout=DEADLINE_S)
    assert answer.status_code == httpx.codes.OK


def test_the_command_line_reaches_its_servers(own: Stack) -> None:
    made = own.manage("create_organization", "--site", "default", "--name", "Beside")
    assert own.manage("balance", "--organization", made["id"])["posted_nanos"] == 0


def test_a_second_one_with_the_same_folder_is_refused(own: Stack) -> None:
    second = _run(own.state_dir, PORT="1")
    assert second.returncode == 1
    assert "already up" in second.stderr


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, new_state_dir() as folder:
        port = str(other.getsockname()[1])
        refused = _run(folder, PORT=port)
    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr


def test_a_killed_process_is_told_and_started_again(own: Stack) -> None:
    worker = next(
        each for each in _processes(own.state_dir) if "celery\0-A\0config\0worker" in each
    )
    os.kill(_processes(own.state_dir)[worker], signal.SIGKILL)
    banner = own.state_dir / "output.log"
    _await(lambda: "worker was ended by SIGKILL" in banner.read_text())
    _await(lambda: worker in _processes(own.state_dir))
    assert own.process.poll() is None


def test_killing_it_leaves_no_process_and_a_second_start_has_all_data(own: Stack) -> None:
    facts = own.facts
    made = own.manage("create_organization", "--site", "default", "--name", "Kept")
    own.process.send_signal(signal.SIGKILL)
    own.process.wait()
    _await(lambda: not _processes(own.state_dir))

    again = start(own.state_dir)
    try:
        for name in ("api_key", "model", "operator", "customer"):
            assert again.facts[name] == facts[name]
        assert again.manage("balance", "--organization", made["id"])["posted_nanos"] == 0
        answer = httpx.get(
            f"{again.facts['base_url']}/models",
            headers={"Authorization": f"Bearer {facts['api_key']}"},
        )
        assert answer.status_code == httpx.codes.OK
    finally:
        assert again.stop() == 0
    _await(lambda: not _processes(own.state_dir))
