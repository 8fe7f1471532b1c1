"""The operators' first page: today's calls, money and refusals, and what needs a hand."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing.models import Model
from billing.reports import deployment
from relay import health_reports, upstream_health
from relay.models import Upstream
from relay.web import ops_models

# A handful shows what is wrong; the list of models shows the rest.
TODO_MAX = 5
# Counted beyond those; more are as many to whoever has to do them.
INCOMPLETE_MAX = 1_000


@require_safe
@operator_page
def overview(request: HttpRequest) -> HttpResponse:
    """O1, for what this deployment measures."""
    upstreams = list(Upstream.objects.order_by("id"))
    reports = health_reports.read()
    incomplete = ops_models.incomplete(INCOMPLETE_MAX)
    context = {
        "today": deployment.today,
        "refused": deployment.refused_today,
        "extent": deployment.extent,
        "model_count": Model.objects.count(),
        "upstream_count": len(upstreams),
        "troubled": [
            (upstream, standing.first)
            for upstream in upstreams
            if upstream.is_active
            for standing in (upstream_health.standing_of(upstream, reports),)
            if standing.first is not None
        ],
        "paused": [upstream for upstream in upstreams if not upstream.is_active],
        "without_credential": [upstream for upstream in upstreams if not upstream.has_credential],
        "incomplete": incomplete[:TODO_MAX],
        "incomplete_more": max(0, len(incomplete) - TODO_MAX),
    }
    return render_page(request, "ops/overview.html", context, fragments=("figures", "refusals"))
