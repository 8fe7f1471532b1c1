"""The first page of those who run a site: what it earns, what it costs, whom it refuses."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.permissions import StaffAct
from accounts.web.access import site_page
from accounts.web.pages import render_page
from accounts.web.requests import StaffRequest
from billing.reports import kept_overviews
from billing.reports.kept_overviews import SPANS

SPAN = 30


@require_safe
@site_page(StaffAct.SEE_SITE)
def overview(request: StaffRequest) -> HttpResponse:
    """T1, for a span of days in the site's time zone."""
    asked = request.GET.get("days", "")
    span_days = next((span for span in SPANS if str(span) == asked), SPAN)
    context = {
        "report": kept_overviews.overview(request.site, span_days),
        "span_days": span_days,
        "spans": SPANS,
    }
    return render_page(request, "site/overview.html", context)
