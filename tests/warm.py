"""Scripts of a deployment in a Python that has Django and the apps imported already.

Starting Python for a `manage.py` takes one and a half seconds of a core, a fork a hundredth of
that. Tests of `make run` start the real thing. Run as a module it is the process that forks.
"""

import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import IO, Any

CHECKOUT = Path(__file__).resolve().parents[1]
SCRIPT_S = 200  # five seconds on an idle machine, for every migration


class WarmPython:
    """Runs one script after the other; threads take turns."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._turn = Lock()

    def run(self, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """As `python script arguments…` in the checkout; killed by SIGALRM after SCRIPT_S."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        argv = [script, *arguments]
        with self._turn:
            self._process.stdin.write(json.dumps(argv) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        assert line, "the process that forks has ended"
        return subprocess.CompletedProcess(argv, **json.loads(line))


@contextmanager
def warm_python(env: Mapping[str, str]) -> Iterator[WarmPython]:
    """For scripts with these environment variables; ends with the block, or with its parent."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.warm"],
        cwd=CHECKOUT,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield WarmPython(process)
        finally:
            process.kill()


def main() -> None:
    """Fork for each line of standard input, a JSON list of arguments; answer with a line each."""
    _import_everything()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()


def _import_everything() -> None:
    """Nothing here connects to a server: a connection must not be shared by forks."""
    from importlib import import_module

    import django
    from django.core.management import get_commands, load_command_class

    django.setup()
    for name, app in get_commands().items():
        if app in ("accounts", "billing", "relay"):
            load_command_class(app, name)
    import_module("config.urls")


def _run(argv: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        child = os.fork()
        if not child:
            _become(argv, stdout, stderr)
        _, status = os.waitpid(child, 0)
        told = {"returncode": os.waitstatus_to_exitcode(status)}
        for name, file in {"stdout": stdout, "stderr": stderr}.items():
            file.seek(0)
            told[name] = file.read()  # type: ignore[assignment]
        return told


def _become(argv: list[str], stdout: IO[str], stderr: IO[str]) -> None:
    """Be the script, to its end and this process's."""
    signal.alarm(SCRIPT_S)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout.fileno(), 1)
    os.dup2(stderr.fileno(), 2)
    code: Any = 1
    try:
        sys.argv = argv
        runpy.run_path(argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  what Python itself does with whatever is left
        traceback.print_exc()
    if isinstance(code, str):
        sys.stderr.write(code + "\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
