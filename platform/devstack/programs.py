"""The platform's own processes as `make run` starts them: web, worker, beat, demo upstream, and
what runs before them to its end.

Only command lines and their reasons; starting and ending them is the supervisor's.
"""

import os
import sys
from pathlib import Path

from devstack.process import Program
from devstack.state import StateFolder

CHECKOUT = Path(__file__).resolve().parents[2]

# Ctrl-C should feel prompt: a developer's open streams and live pages get this long to end.
WEB_DRAIN_S = 3
WEB_STOP_TIMEOUT_S = 6.0
# A batch of usage is posted in well under a second; what is cut off is delivered again.
WORKER_STOP_TIMEOUT_S = 6.0
WORKER_THREADS = 2
DEMO_PACE_MS = 20  # about the speed of a hosted model, so that streaming can be seen


def web(state: StateFolder, port: int) -> Program:
    """The ASGI server, one process."""
    return _python(
        state,
        "web",
        *("-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port)),
        *("--loop", "uvloop", "--http", "httptools", "--ws", "config.sockets:DrainingSocket"),
        *("--no-access-log", "--timeout-graceful-shutdown", str(WEB_DRAIN_S)),
        stop_timeout_s=WEB_STOP_TIMEOUT_S,
    )


def worker(state: StateFolder) -> Program:
    """The Celery worker. Threads, not processes: a developer's machine runs more than us."""
    return _python(
        state,
        "worker",
        *("-m", "celery", "-A", "config", "worker", "--pool", "threads"),
        *("--concurrency", str(WORKER_THREADS), "--hostname", "devstack@%h"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        stop_timeout_s=WORKER_STOP_TIMEOUT_S,
    )


def beat(state: StateFolder) -> Program:
    """Celery's clock, as a process of its own: inside the worker it would be a grandchild."""
    schedule = state.path / "beat-schedule"
    # Times of last runs, worthless after a restart, and a killed beat can leave it unreadable.
    for left_over in state.path.glob("beat-schedule*"):
        left_over.unlink()
    return _python(
        state,
        "beat",
        *("-m", "celery", "-A", "config", "beat", "--schedule", str(schedule), "--pidfile="),
    )


def demo_upstream(state: StateFolder, port: int, credential: str) -> Program:
    """Our own upstream that needs no vendor's key."""
    return _python(
        state,
        "demo-upstream",
        *("-m", "devstack.demo_upstream", "--port", str(port)),
        *("--api-key", credential, "--pace-ms", str(DEMO_PACE_MS)),
    )


def migrate(state: StateFolder) -> Program:
    """Runs to its end, as the owner of the tables: the schema, and the application's rights."""
    return _python(state, "migrate", "manage.py", "migrate", "--no-input", "--verbosity", "0")


def seed(state: StateFolder) -> Program:
    """Runs to its end: catalog, logins, balance, key."""
    return _python(state, "seed", "-m", "devstack.seed", str(state.path))


def vacancy(state: StateFolder) -> Program:
    """Runs to its end: the token of the first-run wizard, in place of a seed."""
    return _python(state, "vacancy", "-m", "devstack.vacancy", str(state.path))


def _python(state: StateFolder, name: str, *arguments: str, stop_timeout_s: float = 5.0) -> Program:
    # Addresses and secrets are not passed on: config.env finds them in the state folder, exactly
    # as it does for a `manage.py` that a developer starts beside us.
    environment = os.environ | {
        "STATE_DIR": str(state.path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
    }
    return Program(
        name=name,
        argv=[sys.executable, *arguments],
        log=state.logs / f"{name}.log",
        env=environment,
        cwd=CHECKOUT,
        stop_timeout_s=stop_timeout_s,
    )
