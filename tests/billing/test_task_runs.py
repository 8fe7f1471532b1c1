"""What the worker did last is kept for people to see; noting it never costs much nor breaks it."""

from datetime import timedelta

import pytest
from celery import Task
from django.utils import timezone

from billing import task_runs
from billing.models import TaskFailure, TaskRun
from config.celery import app


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(task_runs, "_counts", {})


@pytest.fixture
def careless() -> Task:  # type: ignore[type-arg]
    """A task that fails where it should not."""

    @app.task(name="tests.careless")  # type: ignore[untyped-decorator]
    def careless(secret: str) -> None:
        if secret:
            raise ValueError("it broke")

    return careless  # type: ignore[no-any-return]


def test_runs_are_counted_and_written_now_and_then() -> None:
    for _ in range(5):
        task_runs.note_run("post", duration_ms=7, is_ok=True)
    row = TaskRun.objects.get()
    assert (row.runs, row.failures, row.duration_ms, row.is_ok) == (1, 0, 7, True)
    task_runs.note_run("post", duration_ms=9, is_ok=False)
    row.refresh_from_db()
    assert (row.runs, row.failures, row.duration_ms, row.is_ok) == (6, 1, 9, False)


@pytest.mark.django_db(transaction=True)  # a worker closes its connections
def test_a_worker_notes_how_its_tasks_ended(careless: Task) -> None:  # type: ignore[type-arg]
    careless.apply(args=[""])
    assert TaskRun.objects.get().is_ok
    careless.apply(args=["s3cret"])
    assert not TaskRun.objects.get().is_ok
    failure = TaskFailure.objects.get()
    assert failure.error == "ValueError: it broke"
    assert "tests/billing/test_task_runs.py:" in failure.trace
    assert "s3cret" not in failure.trace
    assert not failure.trace.startswith("/")


def test_only_the_last_failures_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_runs, "FAILURES_KEPT", 3)
    for number in range(5):
        task_runs.note_failure("post", ValueError(str(number)), duration_ms=1)
    kept = TaskFailure.objects.order_by("pk").values_list("error", flat=True)
    assert list(kept) == ["ValueError: 2", "ValueError: 3", "ValueError: 4"]


def test_a_worker_is_missed_after_a_minute() -> None:
    assert task_runs.silent_since() == task_runs.NEVER
    task_runs.note_run("post", duration_ms=1, is_ok=True)
    assert task_runs.silent_since() is None
    past = timezone.now() - timedelta(seconds=61)
    TaskRun.objects.update(ended_at=past)
    assert task_runs.silent_since() == past
