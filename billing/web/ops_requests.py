"""Staff page of one call: its charge line by line, with the upstreams it went to and their cost."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing import explain
from billing.models import Refusal, UsageRecord
from billing.reports import calls
from billing.web.requests import search_text


@require_safe
@operator_page
def request_detail(request: HttpRequest, request_id: str) -> HttpResponse:
    """Of any customer, answered or refused."""
    found = search_text(request_id)
    query = UsageRecord.objects.select_related("site", "organization", "api_key")
    record = query.filter(pk=found).first()
    if record is not None:
        context = {
            "told": explain.explain(record),
            "record": record,
            "row": calls.row_of_record(record),
            "customer": record.organization,
            "currency": record.site.currency,
        }
        return render_page(request, "ops/request.html", context)
    refusals = Refusal.objects.select_related("organization__site", "api_key")
    refusal = refusals.filter(pk=found).first()
    if refusal is None:
        raise Http404
    context = {
        "refusal": refusal,
        "row": calls.row_of_refusal(refusal),
        "customer": refusal.organization,
        "currency": refusal.organization.site.currency,
    }
    return render_page(request, "ops/request.html", context)
