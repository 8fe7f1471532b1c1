"""Operators see what runs by itself, hear on every page when nothing does, and may start a job."""

from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.test import Client
from django.utils import timezone
from redis import Redis

from accounts.models import AuditRecord
from billing import task_runs
from billing.models import TaskRun
from billing.reports import jobs

JOBS = "/ops/jobs"
TASK = "billing.tasks.check_drift"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_runs, "_counts", {})


@pytest.fixture
def empty_queue() -> None:
    current_app.control.purge()


def test_every_job_of_the_schedule_is_listed_with_its_last_run(
    operator: Client, gate: Redis
) -> None:
    task_runs.note_run(TASK, duration_ms=1234, is_ok=True)
    page = operator.get(JOBS).content.decode()
    for name in settings.CELERY_BEAT_SCHEDULE:
        assert f">{name}<" in page
    assert "1.23 s" in page


def test_a_failure_is_shown_with_where_it_was(operator: Client, gate: Redis) -> None:
    try:
        jobs.tasks()[9999]
    except IndexError as error:
        task_runs.note_failure(TASK, error, duration_ms=5)
    task_runs.note_run(TASK, duration_ms=5, is_ok=False)
    page = operator.get(JOBS).content.decode()
    assert "IndexError: list index out of range" in page
    assert "test_jobs.py:" in page


def test_every_page_of_theirs_tells_when_no_worker_works(operator: Client) -> None:
    assert "None ever did." in operator.get("/ops/plans").content.decode()
    task_runs.note_run(TASK, duration_ms=5, is_ok=True)
    assert "No worker works" not in operator.get("/ops/plans").content.decode()
    TaskRun.objects.update(ended_at=timezone.now() - timedelta(seconds=61))
    assert "No worker works" in operator.get("/ops/plans").content.decode()


def test_a_job_is_started_once_more_and_that_is_noted(
    operator: Client, gate: Redis, empty_queue: None
) -> None:
    assert jobs.queued() == 0
    operator.post(f"{JOBS}/start", {"task": TASK})
    assert jobs.queued() == 1
    assert AuditRecord.objects.get(action="job.start").target_id == TASK


def test_only_what_is_scheduled_can_be_started(operator: Client, gate: Redis) -> None:
    page = operator.post(f"{JOBS}/start", {"task": "os.system"}, follow=True).content.decode()
    assert "There is no such job." in page
    assert not AuditRecord.objects.filter(action="job.start").exists()
