"""The Postgres and Valkey of a test session, and the settings every test runs under.

Loaded as a plugin (`-p tests.servers`), because Django's settings are read before any conftest.py.
Never touches a server of yours but one: a `DATABASE_URL` is honoured, as Django only ever uses a
database named `test_…` there; tests empty their Redis, so that is always our own.

Under pytest-xdist the controller starts one Postgres, in which every worker has its own database,
and every worker starts its own Valkey.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from devstack import postgres, valkey
from devstack.process import ProcessGroup, free_port

PASSWORD = "tests-only"
START_TIMEOUT_S = 90.0  # a second on an idle machine

SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DEVSTACK": "true",  # loopback upstreams, plain HTTP
    "SECRET_KEY": "tests-only-secret-key-that-is-long-enough-for-django",
    "API_KEY_PEPPER": "tests-only-pepper",
    "CREDENTIAL_KEYS": "dGVzdHMtb25seS1jcmVkZW50aWFsLWtleS0zMi1ieXQ=",
    "LOG_LEVEL": "WARNING",
    "STAFF_SECOND_FACTOR": "optional",  # tests of the staff's second factor require it
}
# Left over from a developer's shell, these would make tests depend on it.
FOREIGN = (
    "MIGRATE_DATABASE_URL",
    "BROKER_URL",
    "CHANNELS_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "UPSTREAM_BASE_URL",
)

_started: list[tuple[ProcessGroup, Path]] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Start the servers before pytest-django, whose own hook here reads the settings."""
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(SETTINGS)
    _start()
    return (yield)


def pytest_unconfigure() -> None:
    """End them; a killed session needs no such care (devstack.process)."""
    while _started:
        group, folder = _started.pop()
        group.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="tollgate-tests-"))
    folder.chmod(0o711)  # as root, Postgres runs under another account and must get in
    group = ProcessGroup()
    _started.append((group, folder))
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if not is_worker and not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = start_postgres(group, folder)
    os.environ["REDIS_URL"] = start_valkey(group, folder)
    os.environ["STATE_DIR"] = str(folder)  # never the one of a running `make run`


def start_postgres(
    group: ProcessGroup, folder: Path, *, durable: bool = False, **settings: str
) -> str:
    """A Postgres with its data in `folder`, ready; returns its URL."""
    cluster = postgres.prepare(group, folder, logs=folder, password=PASSWORD)
    port = free_port()
    url = postgres.address(port=port, password=PASSWORD)
    log = folder / "postgres.log"
    program = postgres.program(cluster, port=port, log=log, durable=durable, **settings)
    server = group.start(program)
    group.await_ready(server, lambda: postgres.is_ready(url), timeout_s=START_TIMEOUT_S)
    return url


def start_valkey(group: ProcessGroup, folder: Path, *, durable: bool = False) -> str:
    """A Valkey with its data in `folder`, ready; returns its URL."""
    port = free_port()
    url = valkey.address(port=port, password=PASSWORD)
    server = group.start(
        valkey.program(
            folder / "valkey",
            port=port,
            password=PASSWORD,
            log=folder / "valkey.log",
            durable=durable,
        )
    )
    group.await_ready(server, lambda: valkey.is_ready(url), timeout_s=START_TIMEOUT_S)
    return url
