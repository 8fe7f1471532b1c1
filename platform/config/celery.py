"""The Celery app: posting, credits, the reaper. `celery -A config worker -B`."""

import os
import sys
import time
from typing import Any

from celery import Celery, states
from celery.signals import task_failure, task_postrun, task_prerun, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tollgate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Long enough that ticks share a connection, short enough that a pooler's or server's limits on its
# age are not met.
CONNECTION_AGE_S_MAX = 300
# By itself Celery closes the connection before and after every task; here never, as we do it.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize


@worker_init.connect
def keep_connections(**_: Any) -> None:
    """Let the worker's tasks share a connection each thread: they come every half second, and
    opening one costs more than most of them do. Relays and pages keep theirs short (settings)."""
    from django.db import connections

    connections.settings["default"]["CONN_MAX_AGE"] = CONNECTION_AGE_S_MAX


@task_postrun.connect
def close_spent_connections(**_: Any) -> None:
    """Close a connection that a task found broken, or that is old; the next task opens another."""
    from django.db import close_old_connections

    close_old_connections()


# When the tasks began that run now: no more than the worker has threads.
_began_s: dict[str, float] = {}


def _lasted_ms(began_s: float | None) -> int:
    return 0 if began_s is None else int((time.monotonic() - began_s) * 1000)


@task_prerun.connect
def note_beginning(task_id: str, **_: Any) -> None:
    """From here on a run is timed."""
    _began_s[task_id] = time.monotonic()


@task_failure.connect
def note_failure(task_id: str, exception: BaseException, sender: Any, **_: Any) -> None:
    """Keep what failed for the operators' page."""
    from billing import task_runs

    lasted_ms = _lasted_ms(_began_s.get(task_id))
    task_runs.note_failure(sender.name, exception, duration_ms=lasted_ms)


@task_postrun.connect
def note_end(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    """Keep when it ran and how it went."""
    from billing import task_runs

    lasted_ms = _lasted_ms(_began_s.pop(task_id, None))
    task_runs.note_run(task.name, duration_ms=lasted_ms, is_ok=state == states.SUCCESS)
