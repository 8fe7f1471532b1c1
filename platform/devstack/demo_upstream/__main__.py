"""`python -m devstack.demo_upstream`: reads the command line and runs the server."""

import argparse
import re

from devstack.demo_upstream.directives import WAIT_MS_MAX
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import LOOPBACK, listen, server


def main() -> None:
    """Serve until SIGINT or SIGTERM; prints the base URL once connections are accepted."""
    arguments = _parser().parse_args()
    options = Options(arguments.name, arguments.api_key, arguments.pace_ms)
    try:
        sock = listen(arguments.host, arguments.port)
    except OSError as error:
        raise SystemExit(f"demo upstream: {arguments.host}:{arguments.port}: {error}") from error
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    print(f"Demo upstream on http://{host}:{sock.getsockname()[1]}/v1", flush=True)
    server(options).run(sockets=[sock])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devstack.demo_upstream",
        description="An OpenAI-compatible server that is no real model and says so.",
    )
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--host", default=LOOPBACK)
    parser.add_argument("--api-key", help="the only accepted credential; without it, any or none")
    parser.add_argument("--name", type=_name, default="demo", help="what only=NAME matches")
    parser.add_argument("--pace-ms", type=_pace_ms, default=0, help="between two chunks")
    return parser


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,32}", value):
        raise argparse.ArgumentTypeError("letters, digits and hyphens, at most 32")
    return value


def _pace_ms(value: str) -> int:
    if not value.isdecimal() or int(value) > WAIT_MS_MAX:
        raise argparse.ArgumentTypeError(f"0 to {WAIT_MS_MAX}")
    return int(value)


if __name__ == "__main__":
    main()
