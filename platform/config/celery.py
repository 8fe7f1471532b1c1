"""The Celery app: posting, credits, the reaper. `celery -A config worker -B`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tollgate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Long enough that ticks share a connection, short enough that a pooler's or server's limits on its
# age are not met. One that was lost is noticed after the task that met it, and replaced.
CONNECTION_AGE_S_MAX = 300


@worker_init.connect
def keep_connections(**_: Any) -> None:
    """Let the worker's tasks share a connection each thread: they come every half second, and
    opening one costs more than most of them do. Relays and pages keep theirs short (settings)."""
    from django.db import connections

    connections.settings["default"]["CONN_MAX_AGE"] = CONNECTION_AGE_S_MAX
