"""`python -m devstack run`: the command line of the dev stack, and its exit codes."""

import argparse
import os
import sys
from pathlib import Path

from devstack import supervisor
from devstack.postgres_binaries import PostgresUnavailable
from devstack.process import ProcessFailed
from devstack.programs import CHECKOUT
from devstack.state import StateBusy
from devstack.supervisor import PortTaken
from devstack.upstream import UpstreamUnusable
from devstack.valkey import ValkeyUnavailable

DEFAULT_PORT = 8000
PORT_MAX = 65_535

# What a person can cure is told in words; anything else is a bug, and keeps its traceback.
EXPECTED = (
    PortTaken,
    PostgresUnavailable,
    ProcessFailed,
    StateBusy,
    UpstreamUnusable,
    ValkeyUnavailable,
)


def main() -> int:
    """Run the stack; 0 when asked to stop, 1 when it could not start or stay up."""
    parser = argparse.ArgumentParser(prog="python -m devstack")
    run = parser.add_subparsers(dest="command", required=True).add_parser("run")
    run.add_argument("--port", type=_port, default=_port(os.environ.get("PORT") or DEFAULT_PORT))
    run.add_argument("--state-dir", type=Path, default=_default_state())
    run.add_argument("--seed", choices=("demo", "none"), default=os.environ.get("SEED") or None)
    run.add_argument("--end-with-parent", action="store_true")
    options = parser.parse_args()
    if options.seed not in (None, "demo", "none"):  # argparse does not look at its default
        raise SystemExit(f"SEED={options.seed}: use demo or none")
    try:
        supervisor.run(
            options.state_dir.expanduser().absolute(),
            port=options.port,
            seed=options.seed,
            end_with_parent=options.end_with_parent,
        )
    except EXPECTED as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def _port(value: str | int) -> int:
    try:
        port = int(value)
    except ValueError:
        port = 0
    if not 0 < port <= PORT_MAX:
        raise SystemExit(f"PORT={value}: use a number from 1 to {PORT_MAX}")
    return port


def _default_state() -> Path:
    """The same as `config.env.state_dir`, which this layer cannot import."""
    return Path(os.environ.get("STATE_DIR") or CHECKOUT / ".state")


if __name__ == "__main__":
    sys.exit(main())
