"""Staff page of the books: what the checks found, who is frozen for it, what waits, what was set
aside; and the acts that follow from it. Nothing here changes an amount."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing import freezes, job_starts, quarantine
from billing.errors import BillingError
from billing.gate.errors import GateError
from billing.models import AuditRun
from billing.reports import books

REASON_CHARS_MAX = 300  # the columns'


@require_safe
@operator_page
def overview(request: HttpRequest) -> HttpResponse:
    """All on one page, worst first."""
    context = {
        "drift": books.last_run(AuditRun.Kind.DRIFT),
        "full": books.last_run(AuditRun.Kind.FULL),
        "frozen": books.frozen(),
        "backlogs": books.backlogs(),
        "events": books.waiting_events(),
        "events_count": books.waiting_events_count(),
        "reason_chars_max": REASON_CHARS_MAX,
    }
    return render_page(request, "ops/books.html", context)


@require_POST
@operator_page
def start_audit(request: HttpRequest) -> HttpResponse:
    """The whole audit, by a worker; the page shows it when it is done."""
    try:
        job_starts.start_audit(by=audit.actor_of(request))
    except job_starts.BrokerAway:
        messages.error(request, _("The worker can't be reached. Please try again."))
    else:
        messages.success(request, _("The audit runs. Reload this page in a moment."))
    return redirect("ops_books")


@require_POST
@operator_page
def lift_freeze(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Let an organization call again, with the reason why."""
    return _act(
        request,
        lambda by, reason: freezes.lift(organization_id, by=by, reason=reason),
        _("It may call again. What still differs freezes it anew within a minute."),
    )


@require_POST
@operator_page
def retry_event(request: HttpRequest, event_id: int) -> HttpResponse:
    """Post an event anew."""
    return _act(
        request,
        lambda by, _reason: quarantine.retry(event_id, by=by),
        _("The event will be posted again. If it still can't be, it comes back here."),
        needs_reason=False,
    )


@require_POST
@operator_page
def discard_event(request: HttpRequest, event_id: int) -> HttpResponse:
    """Give an event up, with the reason why."""
    return _act(
        request,
        lambda by, reason: quarantine.discard(event_id, by=by, reason=reason),
        _("The event is discarded. Nobody is charged by it."),
    )


def _act(
    request: HttpRequest,
    act: Callable[[audit.Actor, str], None],
    done: str,
    *,
    needs_reason: bool = True,
) -> HttpResponse:
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:REASON_CHARS_MAX]
    if needs_reason and not reason:
        messages.error(request, _("Please give a reason."))
        return redirect("ops_books")
    try:
        act(audit.actor_of(request), reason)
    except quarantine.TooSoon:
        messages.error(request, _("Please wait until five minutes after the end of the call."))
    except BillingError:
        messages.info(request, _("Somebody else did that already."))
    except GateError:
        messages.error(request, _("The gate does not answer. Please try again."))
    else:
        messages.success(request, done)
    return redirect("ops_books")
