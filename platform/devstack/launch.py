"""The last step before a server's own program: ties it to its parent, then becomes it.

Run by path with `python -I -S`, as a child of the process that owns the server; never imported.
It exists because the alternative, Python's `preexec_fn`, may deadlock in a threaded parent.

    launch.py [--user NAME] [--lock FILE] [--stale FILE] --parent PID --orphan-signal N -- PROGRAM
"""

import argparse
import ctypes
import fcntl
import os
import pwd
import signal
import sys
import time
from pathlib import Path

# A killed predecessor needs the time of one Postgres immediate shutdown: well under a second.
LOCK_TIMEOUT_S = 15.0
LOCK_POLL_S = 0.02
EXIT_TEMPORARY_FAILURE = 75  # EX_TEMPFAIL of sysexits.h

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>

# A background job starts with SIGINT ignored, and exec keeps that; Python itself ignores SIGPIPE.
RESET_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGPIPE)


def main(arguments: list[str]) -> None:
    """Replace this process by PROGRAM; returns only by an exception."""
    options = _parse(arguments)
    for number in RESET_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    if options.lock:
        _hold(options.lock)
    if options.stale:
        options.stale.unlink(missing_ok=True)
    if options.user:
        _become(options.user)
    # After the change of user: the kernel forgets the death signal whenever credentials change.
    _die_with_parent(options.parent, options.orphan_signal)
    os.execvp(options.program[0], options.program)  # noqa: S606  (no shell is the point)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="launch.py")
    parser.add_argument("--user")
    parser.add_argument("--lock", type=Path)
    parser.add_argument("--stale", type=Path)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--orphan-signal", type=int, required=True)
    parser.add_argument("program", nargs="+")
    return parser.parse_args(arguments)


def _hold(path: Path) -> None:
    """Lock a data folder for as long as the program and its own children live.

    The descriptor is inherited through exec and fork, so the kernel itself frees the lock with the
    last process that may still write there. That makes a left-over pid file provably stale.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(descriptor, True)
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                sys.stderr.write(f"another process still uses the data beside {path}\n")
                sys.exit(EXIT_TEMPORARY_FAILURE)
            time.sleep(LOCK_POLL_S)
        else:
            return


def _become(name: str) -> None:
    user = pwd.getpwnam(name)
    os.initgroups(name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = user.pw_dir


def _die_with_parent(parent: int, orphan_signal: int) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, orphan_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before the request took effect
        sys.exit(EXIT_TEMPORARY_FAILURE)


if __name__ == "__main__":
    main(sys.argv[1:])
