"""Fills a Postgres of its own with a big deployment: three months of 100,000 customers.

Usage: python -m bench.big_deployment [--scale 1] [--state DIR] [--audit]. With a state folder the
database is kept for `bench.pages`; without one it is made, audited and thrown away. At full scale
it takes a quarter of an hour and 25 GB of disk. The exit code is 1 when the audit finds anything.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.big import filling, servers
from bench.big.size import Size

FILLED = "filled"  # a file in the state folder: the database is complete


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--state", type=Path, help="keep the database in this folder")
    parser.add_argument("--audit", action="store_true", help="audit the books as well")
    options = parser.parse_args()
    with deployment(options.state, options.scale):
        if options.state is None or options.audit:
            return audit()
    return 0


@contextmanager
def deployment(state: Path | None, scale: float) -> Iterator[servers.Servers]:
    """Its servers, running, and the settings of this process pointing to them; filled when they
    were not yet."""
    with ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        is_new = not (folder / FILLED).exists()
        running = stack.enter_context(servers.running(folder, is_loading=is_new))
        if is_new:
            _make(running, scale)
            (folder / FILLED).write_text(f"{scale}\n")
        yield running


def _make(running: servers.Servers, scale: float) -> None:
    from django.core.management import call_command

    start = time.monotonic()
    call_command("migrate", interactive=False, verbosity=0)
    filling.fill(running.superuser_url, Size.at_scale(scale), say)
    fold()
    say(f"{time.monotonic() - start:6.0f} s  in all")


def fold() -> None:
    """The platform's own days of usage, which a worker keeps up to date."""
    from billing import usage_days

    start = time.monotonic()
    while usage_days.fold():
        pass
    say(f"{time.monotonic() - start:6.0f} s  usage folded into days")


def audit() -> int:
    """Open the gates, which takes the balances out of the books, and run every check."""
    from billing import audit as books
    from billing import gates

    start = time.monotonic()
    gates.open_gates()
    say(f"{time.monotonic() - start:6.0f} s  gates opened")
    report = books.run()
    for finding in report.findings:
        say(f"{'ok' if finding.is_ok else 'BAD':3s} {finding.checked:9d}  {finding.states}")
        for problem in finding.problems:
            say(f"    {problem}")
    say(f"{time.monotonic() - start:6.0f} s  audited")
    return 0 if report.is_ok else 1


def say(line: str) -> None:
    """At once, as a step takes minutes."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
