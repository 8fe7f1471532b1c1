"""An operator's monitor asks whether the jobs run, and may start one."""

from django.conf import settings

from accounts.models import AuditRecord, Organization
from billing import task_runs
from tests.api.programs import Program, document, problem

TASK = "billing.tasks.check_drift"


def test_a_monitor_reads_the_schedule(acme: Organization, operators: Program) -> None:
    task_runs.note_failure(TASK, ValueError("it broke"), duration_ms=1)
    told = document(operators.get("ops/jobs"))
    assert [each["name"] for each in told["items"]] == list(settings.CELERY_BEAT_SCHEDULE)
    assert told["silent_since"] == "1970-01-01T00:00:00Z"
    failures = document(operators.get("ops/jobs/failures"))["items"]
    assert [each["error"] for each in failures] == ["ValueError: it broke"]


def test_a_job_is_started_by_its_task(acme: Organization, operators: Program) -> None:
    assert operators.post("ops/jobs", {"task": TASK}).status_code == 202
    assert AuditRecord.objects.filter(action="job.start").count() == 1
    assert problem(operators.post("ops/jobs", {"task": "nothing"})) == (422, "no_such_job")


def test_a_customer_has_no_such_place(acme: Organization, ours: Program) -> None:
    assert problem(ours.get("ops/jobs"))[0] in (403, 404)
