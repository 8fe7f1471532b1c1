"""What was used and spent, by day, model or key."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.permissions import Act
from accounts.web.access import member_page
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from billing.charts import chart_of
from billing.reports import days, spend

SPANS = (7, 30, 90)
SPAN = 30


@require_safe
@member_page(Act.SEE_USAGE)
def usage(request: MemberRequest) -> HttpResponse:
    """C5, without comparison: bars, and a table whose last row sums it up."""
    group = request.GET.get("group", "")
    group = group if group in spend.GROUPS else "day"
    asked = request.GET.get("days", "")
    span_days = next((span for span in SPANS if str(span) == asked), SPAN)
    span = days.last(span_days)
    rows = spend.totals(request.organization, span, group)
    context = {
        "group": group,
        "groups": spend.GROUPS,
        "span_days": span_days,
        "spans": SPANS,
        "rows": rows,
        "total": spend.summed(rows),
        "chart": lambda: chart_of(span, spend.by_day_and_model(request.organization, span)),
    }
    return render_page(request, "app/usage.html", context, fragments=("totals",))
