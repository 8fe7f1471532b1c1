"""What the operators' page of jobs shows: scheduled tasks and how they fare, what waits in the
broker's queue, the last failures. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from billing.models import TaskFailure, TaskRun

FAILURES_MAX = 20
# A page waits no longer for a broker that does not answer.
BROKER_TIMEOUT_S = 1
# A tick may be dropped when the worker is busy; several in a row are not. Runs are noted every few
# seconds only, so that a shorter time would be late without being so.
LATE_TICKS = 3
LATE_AFTER_S_MIN = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """A task of the schedule; `run` is None until it ran once."""

    name: str
    task: str
    every_s: float
    run: TaskRun | None
    is_late: bool

    @property
    def every_ms(self) -> int:
        return int(self.every_s * 1000)


def jobs() -> list[Job]:
    """Every task of the schedule, in its order."""
    schedule: Mapping[str, Mapping[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    runs = {row.task: row for row in TaskRun.objects.filter(pk__in=tasks())}
    now = timezone.now()
    return [
        _job(name, tick["task"], float(tick["schedule"]), runs.get(tick["task"]), now)
        for name, tick in schedule.items()
    ]


def tasks() -> list[str]:
    """The names of the scheduled tasks: what may be started by hand."""
    return [str(tick["task"]) for tick in settings.CELERY_BEAT_SCHEDULE.values()]


def failures() -> list[TaskFailure]:
    """The last ones."""
    return list(TaskFailure.objects.order_by("-pk")[:FAILURES_MAX])


def queued() -> int | None:
    """Messages that wait for a worker; None when the broker does not answer."""
    try:
        with current_app.connection_for_read(connect_timeout=BROKER_TIMEOUT_S) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_S)
            # As a worker declares it, which changes nothing and tells the length. Asked passively,
            # kombu overlooks the prefix of its keys in Redis.
            queue = current_app.amqp.queues[current_app.conf.task_default_queue]
            found: Any = queue.bind(broker.default_channel).queue_declare()
            return int(found.message_count)
    except OperationalError:
        return None


def _job(name: str, task: str, every_s: float, run: TaskRun | None, now: datetime) -> Job:
    patience = timedelta(seconds=max(LATE_AFTER_S_MIN, LATE_TICKS * every_s))
    return Job(name, task, every_s, run, is_late=run is not None and now - run.ended_at > patience)
