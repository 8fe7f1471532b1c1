"""The state folder of one `make run`: its lock, its secrets, and the files it tells others by.

Everything in it but logs is for the owner's eyes only; a file is replaced whole or not at all.
"""

import base64
import fcntl
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from devstack.process import free_port

SECRET_BYTES = 32
PASSWORD_BYTES = 9  # 12 characters to type into a login form


class StateBusy(Exception):
    """Another `make run` uses this folder."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made once for a state folder, so that a second start prints the same credentials."""

    secret_key: str
    api_key_pepper: str
    credential_key: str  # a Fernet key
    server_password: str  # of the embedded Postgres' owner and administrator, and of Valkey
    app_password: str  # of the role that the platform runs as
    demo_upstream_key: str
    operator_password: str
    customer_password: str

    @classmethod
    def generate(cls) -> "Secrets":
        """Fresh ones; all are ASCII letters, digits, `-`, `_` and `=`: safe in URLs and SQL."""
        return cls(
            secret_key=secrets.token_urlsafe(SECRET_BYTES),
            api_key_pepper=secrets.token_urlsafe(SECRET_BYTES),
            credential_key=base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).decode(),
            server_password=secrets.token_urlsafe(SECRET_BYTES),
            app_password=secrets.token_urlsafe(SECRET_BYTES),
            demo_upstream_key=f"demo-{secrets.token_urlsafe(SECRET_BYTES)}",
            operator_password=secrets.token_urlsafe(PASSWORD_BYTES),
            customer_password=secrets.token_urlsafe(PASSWORD_BYTES),
        )


class StateFolder:
    """Opens and locks a folder for the life of this process; StateBusy if another has it.

    The kernel frees the lock when the process ends in whatever way, so it is never stale.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Others may pass through but not look: as root, Postgres runs under another account.
        path.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        self._lock = (path / "run.lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            holder = self._lock.read(20).strip() or "unknown"
            self._lock.close()
            raise StateBusy(
                f"`make run` is already up with {path} (process {holder}).\n"
                "For a second copy give it a folder and a port of its own:\n"
                "    make run STATE_DIR=.state2 PORT=8001"
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    @property
    def logs(self) -> Path:
        """One file a process, truncated when it starts."""
        return self.path / "logs"

    @property
    def servers_file(self) -> Path:
        """What `config.env` reads while the stack is up."""
        return self.path / "servers.json"

    @property
    def developer_file(self) -> Path:
        """What the banner says, for scripts."""
        return self.path / "dev.json"

    @property
    def catalog_file(self) -> Path:
        """The catalog that was applied at the last start."""
        return self.path / "catalog.yaml"

    @property
    def credential_file(self) -> Path:
        """The upstream's key, to which the catalog file points."""
        return self.path / "upstream.key"

    @property
    def setup_file(self) -> Path:
        """The token of the first-run wizard, while nobody has used it."""
        return self.path / "setup.json"

    def starts_empty(self, seed: str | None) -> bool:
        """Whether nothing is to be seeded: as asked for, and else as at the last start, so that
        what somebody set up by hand is not mixed with the demo's."""
        marker = self.path / "unseeded"
        if seed == "none":
            marker.touch()
        elif seed == "demo":
            marker.unlink(missing_ok=True)
        return marker.exists()

    def kept_port(self, name: str) -> int:
        """A free port, the same at each start where it can be: addresses that people enter on
        pages must outlive a restart."""
        file = self.path / f"{name}.port"
        try:
            port = int(file.read_text(encoding="ascii"))
            with socket.create_server(("127.0.0.1", port)):
                return port
        except (FileNotFoundError, ValueError, OSError, OverflowError):
            port = free_port()
        write_private(file, str(port))
        return port

    def secrets(self) -> Secrets:
        """This folder's secrets, made on first use."""
        path = self.path / "secrets.json"
        document = read_json(path)
        names = {field.name for field in fields(Secrets)}
        kept = {name: str(value) for name, value in document.items() if name in names}
        # A newer version may need one more secret: it is added, and the known ones stay.
        complete = Secrets(**(asdict(Secrets.generate()) | kept))
        if asdict(complete) != document:
            write_private(path, json.dumps(asdict(complete), indent=2))
        return complete

    def close(self) -> None:
        """Forget the servers, which are gone, and free the lock."""
        self.servers_file.unlink(missing_ok=True)
        self._lock.close()


def read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object from a file of ours; {} where there is none yet."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return document if isinstance(document, dict) else {}


def write_private(path: Path, content: str) -> None:
    """Replace a file in one step, readable by its owner only (mkstemp makes it so)."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content if content.endswith("\n") else content + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
