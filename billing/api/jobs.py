"""What runs by itself, for operators: the schedule with its last runs, failures, a run more."""

from typing import Any

from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Fields, Flag, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView
from accounts.scopes import Scope
from billing import job_starts, task_runs
from billing.models import TaskFailure
from billing.reports import jobs


class Job(Fields):
    """A task of the schedule."""

    name = Text()
    task = Text()
    every_s = serializers.FloatField()
    is_late = Flag(help_text="several ticks have passed without a run")
    last_ended_at = Time(allow_null=True)
    last_duration_ms = Fields.integer(allow_null=True)
    last_is_ok = Flag(allow_null=True)
    runs = Fields.integer(max_value=2**63 - 1)
    failures = Fields.integer(max_value=2**63 - 1)


class Jobs(Fields):
    """The schedule, and what waits for a worker."""

    silent_since = Time(allow_null=True, help_text="null: a worker works; 1970: none ever did")
    queued = Fields.integer(allow_null=True, help_text="null: the broker does not answer")
    items = Job(many=True)


class Failure(Fields):
    """A run that raised, and where."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    task = Text()
    at = Time()
    duration_ms = Fields.integer()
    error = Text()
    trace = Text(allow_blank=True)


class JobStart(Fields):
    """A task's name, as the schedule has it."""

    task = Text(max_length=100)


class JobList(OperatorView):
    @operation("ops.jobs", Scope.OPS_READ, answer=Jobs)
    def get(self, call: Call) -> dict[str, Any]:
        """Read the schedule with the last run of each task, and whether a worker works."""
        return {
            "silent_since": task_runs.silent_since(),
            "queued": jobs.queued(),
            "items": [_shown(job) for job in jobs.jobs()],
        }

    @operation(
        "ops.jobs.start",
        Scope.OPS_WRITE,
        body=JobStart,
        status=202,
        raises=(job_starts.NoSuchJob, job_starts.BrokerAway),
    )
    def post(self, call: Call) -> None:
        """Start a task of the schedule once more."""
        job_starts.start(call.body["task"], by=call.by)


class FailureList(OperatorView):
    @operation("ops.jobs.failures", Scope.OPS_READ, answer=Failure, is_page=True)
    def get(self, call: Call) -> Page:
        """List the last failures, the newest first."""
        return paging.by_id(TaskFailure.objects.all(), call.query)


def _shown(job: jobs.Job) -> dict[str, Any]:
    run = job.run
    return {
        "name": job.name,
        "task": job.task,
        "every_s": job.every_s,
        "is_late": job.is_late,
        "last_ended_at": run.ended_at if run else None,
        "last_duration_ms": run.duration_ms if run else None,
        "last_is_ok": run.is_ok if run else None,
        "runs": run.runs if run else 0,
        "failures": run.failures if run else 0,
    }
