"""The first page after log-in: money, the day so far, the latest calls."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import Act
from accounts.web.access import member_page
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from billing.reports import price_list
from billing.reports.overview import Overview
from billing.web.snippets import base_url_of, snippets_of


@require_safe
@member_page(Act.SEE_USAGE)
def overview(request: MemberRequest) -> HttpResponse:
    """C1. Parts refresh by themselves: figures, chart, setup, latest calls."""

    def snippets() -> dict[str, str]:
        sold = price_list.sold(request.site)
        return snippets_of(request, model=sold[0].id if sold else "")

    context = {
        "report": Overview(request.organization),
        "base_url": base_url_of(request),
        "snippets": snippets,
        "now": timezone.now,
    }
    return render_page(
        request, "app/overview.html", context, fragments=("figures", "spend", "setup", "latest")
    )
