"""Operators' page of what runs by itself: schedule, queue, backlog, failures."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing import job_starts
from billing.errors import BillingError
from billing.models import AuditRun
from billing.reports import books, jobs


@require_safe
@operator_page
def overview(request: HttpRequest) -> HttpResponse:
    """O14."""
    context = {
        "jobs": jobs.jobs(),
        "queued": jobs.queued(),
        "failures": jobs.failures(),
        "backlogs": books.backlogs(),
        "events_count": books.waiting_events_count(),
        "drift": books.last_run(AuditRun.Kind.DRIFT),
        "full": books.last_run(AuditRun.Kind.FULL),
    }
    return render_page(request, "ops/jobs.html", context)


@require_POST
@operator_page
def start(request: HttpRequest) -> HttpResponse:
    """One more run of a scheduled task."""
    task = request.POST.get("task", "")
    try:
        job_starts.start(task, by=audit.actor_of(request))
    except job_starts.BrokerAway:
        messages.error(request, _("The worker can't be reached. Please try again."))
    except BillingError:
        messages.error(request, _("There is no such job."))
    else:
        messages.success(request, _("It is queued. Reload this page in a moment."))
    return redirect("ops_jobs")
