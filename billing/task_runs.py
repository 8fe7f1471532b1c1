"""Keeps how the worker's tasks fare, for people to see: their last run and the last failures.

Called by the worker around each task (`config.celery`). Never lets a task fail for it.
"""

import logging
import time
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from types import TracebackType

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import F, Max
from django.utils import timezone

from billing.models import TaskFailure, TaskRun

logger = logging.getLogger(__name__)

# Tasks come twice a second; a page that people look at need not be written so often.
WRITE_EVERY_S = 5.0
# The innermost calls say what broke; a day of failures says that it does.
TRACE_FRAMES_MAX = 8
FAILURES_KEPT = 200
ERROR_CHARS_MAX = 300  # the column's
# A worker does something every half second: one that is silent for so long is gone or stuck.
SILENT_AFTER = timedelta(seconds=60)
# Since when a worker is silent that never spoke.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# Longer than any path of ours; what is before it is where this machine keeps us.
PATH_PARTS_MAX = 3


@dataclass(slots=True)
class _Count:
    """Runs of a task that are not written yet."""

    runs: int = 0
    written_s: float = field(default=float("-inf"))


_counts: dict[str, _Count] = {}
_lock = Lock()


def note_run(task: str, *, duration_ms: int, is_ok: bool) -> None:
    """A run has ended. Most only count; one in a few seconds, and each that failed, is written."""
    now_s = time.monotonic()
    with _lock:
        count = _counts.setdefault(task, _Count())
        count.runs += 1
        if is_ok and now_s - count.written_s < WRITE_EVERY_S:
            return
        runs, count.runs, count.written_s = count.runs, 0, now_s
    try:
        _write(task, duration_ms, is_ok=is_ok, runs=runs)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("the run of %s is not noted: %s", task, error)


def note_failure(task: str, error: BaseException, *, duration_ms: int) -> None:
    """A run has raised. Keeps where, not with what values."""
    words = f"{type(error).__name__}: {error}".replace("\0", "")[:ERROR_CHARS_MAX]
    trace = trace_of(error.__traceback__)
    now = timezone.now()
    try:
        with transaction.atomic():
            row = TaskFailure.objects.create(
                task=task, at=now, duration_ms=duration_ms, error=words, trace=trace
            )
            TaskFailure.objects.filter(pk__lte=row.pk - FAILURES_KEPT).delete()
    except (DatabaseError, InterfaceError) as trouble:
        logger.warning("the failure of %s is not noted: %s", task, trouble)


def trace_of(tb: TracebackType | None) -> str:
    """A traceback without values and without this machine's folders."""
    frames = traceback.extract_tb(tb)[-TRACE_FRAMES_MAX:]
    return "\n".join(
        f"{'/'.join(Path(frame.filename).parts[-PATH_PARTS_MAX:])}:{frame.lineno} {frame.name}"
        for frame in frames
    )


def silent_since() -> datetime | None:
    """When a worker last ended a task, if that is too long ago; None while one works. NEVER
    where none ever did."""
    last = TaskRun.objects.aggregate(last=Max("ended_at"))["last"]
    if last is not None and timezone.now() - last <= SILENT_AFTER:
        return None
    return last or NEVER


def _write(task: str, duration_ms: int, *, is_ok: bool, runs: int) -> None:
    now, failed = timezone.now(), 0 if is_ok else 1
    told = {"ended_at": now, "duration_ms": duration_ms, "is_ok": is_ok}
    sums = {"runs": F("runs") + runs, "failures": F("failures") + failed}
    if not TaskRun.objects.filter(pk=task).update(**told, **sums):
        row = TaskRun(pk=task, **told, runs=runs, failures=failed)
        TaskRun.objects.bulk_create([row], ignore_conflicts=True)
