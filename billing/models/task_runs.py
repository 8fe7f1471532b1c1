"""How the worker's tasks fare: one row each, and the last failures."""

from django.db import models


class TaskRun(models.Model):
    """The last run of a task, whichever worker did it; written every few seconds at most."""

    task = models.CharField(primary_key=True, max_length=100, db_comment="its name in Celery")
    ended_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(db_comment="of the last run")
    is_ok = models.BooleanField()
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.task


class TaskFailure(models.Model):
    """A run that raised. The oldest go when there are many (`billing.task_runs`)."""

    task = models.CharField(max_length=100)
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    error = models.CharField(max_length=300, db_comment="its class and message")
    trace = models.TextField(db_comment="file, line and function of the innermost calls")

    def __str__(self) -> str:
        return f"{self.task}: {self.error}"
