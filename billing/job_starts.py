"""Start a task now, because somebody asks for it. Tasks are idempotent, so that one more run does
no harm."""

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts import audit
from billing.errors import BillingError
from billing.reports import jobs

WHOLE_AUDIT = "billing.tasks.audit_books"


class NoSuchJob(BillingError):
    """No task of the schedule has this name."""

    code = "no_such_job"


class BrokerAway(BillingError):
    """The queue can't be reached: nothing was started."""

    code = "broker_unavailable"


def start(task: str, *, by: audit.Actor) -> None:
    """Put a task of the schedule in the queue once more. Raises NoSuchJob, BrokerAway."""
    if task not in jobs.tasks():
        raise NoSuchJob(f"no scheduled task {task!r}")
    _queue(task, by=by)


def start_audit(*, by: audit.Actor) -> None:
    """Have a worker prove the books, which no schedule does. Raises BrokerAway."""
    _queue(WHOLE_AUDIT, by=by)


@transaction.atomic
def _queue(task: str, *, by: audit.Actor) -> None:
    audit.record(by, "job.start", task)
    try:
        current_app.send_task(task, retry=False, ignore_result=True)
    except OperationalError as error:
        raise BrokerAway("the queue does not answer") from error
