"""Ends the process groups of a supervisor that was killed before it could end them itself.

Run by path with `python -I -S`; never imported. Standard input is a pipe whose only writer is the
supervisor: lines `+PGID SIGNAL` and `-PGID` keep the list, and end of file means that it is gone.
On Linux the kernel's parent-death signal is faster; this covers grandchildren, and macOS.
"""

import os
import signal
import sys
import time

# Between the polite signal and SIGKILL: the time a Postgres immediate shutdown may take.
GRACE_S = 3.0
POLL_S = 0.05


def main() -> None:
    """Follow the list until end of file, then end what is left on it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        if line.startswith("+"):
            group, orphan_signal = line[1:].split()
            groups[int(group)] = int(orphan_signal)
        else:
            groups.pop(int(line[1:]), None)
    for group_id, orphan_number in groups.items():
        _signal_group(group_id, orphan_number)
    deadline = time.monotonic() + GRACE_S
    while groups and time.monotonic() < deadline:
        groups = {group: number for group, number in groups.items() if _signal_group(group, 0)}
        time.sleep(POLL_S)
    for group in groups:
        _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: int) -> bool:
    """Whether the group still has a process that could be signalled."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return False
    return True


if __name__ == "__main__":
    main()
