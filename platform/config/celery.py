"""The Celery app: posting, credits, the reaper. `celery -A config worker -B`."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import task_postrun, worker_init

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
