"""The log of calls and the story of one, for operators over all sites and for a site's staff over
their own. Which upstreams a call went to is the operators' to know; what it cost, both may."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.web.doors import Door, staff_view
from accounts.web.pages import render_page
from billing import explain
from billing.models import Refusal, UsageRecord
from billing.reports import calls, staff_calls
from billing.reports.staff_calls import Filters, SearchTooLong, StaffPage
from billing.web.requests import OUTCOMES, search_text

TEXTS = ("site", "organization", "key", "model", "upstream", "status", "id")
# A list to choose from; a deployment with more sites finds theirs from the site's own page.
SITES_MAX = 200


@staff_view(StaffAct.SEE_SITE)
@require_safe
def request_list(request: HttpRequest, door: Door) -> HttpResponse:
    """O10. Filters and place live in the URL."""
    filters = filters_of(request, door)
    after = calls.parse_cursor(search_text(request.GET.get("after", "")))
    try:
        page, is_too_long = staff_calls.page(filters, door.site, after=after), False
    except SearchTooLong:
        page, is_too_long = StaffPage([], None), True
    here, kept = reverse(door.page("requests")), query_of(filters)
    older = urlencode({**kept, "after": str(page.older)})
    context = {
        **frame(door),
        "page": page,
        "is_too_long": is_too_long,
        "filters": filters,
        "outcomes": OUTCOMES,
        "sites": [] if door.site else Site.objects.order_by("pk")[:SITES_MAX],
        "here": here,
        "older_url": f"{here}?{older}" if page.older else "",
        "newest_url": f"{here}?{urlencode(kept)}" if after else "",
    }
    return render_page(request, "staff/requests.html", context)


@staff_view(StaffAct.SEE_SITE)
@require_safe
def request_detail(request: HttpRequest, door: Door, request_id: str) -> HttpResponse:
    """Of any customer whom the reader may know of, answered or refused; else a 404."""
    found = staff_calls.find(search_text(request_id), door.site)
    if found is None:
        raise Http404
    shared = frame(door) | {
        "customer": found.organization,
        "currency": found.organization.site.currency,
        "back_url": reverse(door.page("requests")),
    }
    return render_page(request, "staff/request.html", shared | told(found))


def told(found: UsageRecord | Refusal) -> dict[str, Any]:
    """What the page of a call shows."""
    if isinstance(found, Refusal):
        return {"refusal": found, "row": calls.row_of_refusal(found)}
    return {
        "record": found,
        "row": calls.row_of_record(found),
        "told": explain.explain(found),
    }


def frame(door: Door) -> dict[str, Any]:
    """What the templates need of the door."""
    return {
        "door": door,
        "shell": door.base,
        "request_url": door.page("request"),
        "customer_url": door.page("organization"),
    }


def filters_of(request: HttpRequest, door: Door) -> Filters:
    """What the URL asks for; nonsense is the same as nothing."""
    texts = {name: search_text(request.GET.get(name, "")) for name in TEXTS}
    if door.site is not None:
        texts |= {"site": "", "upstream": ""}
    outcome = request.GET.get("outcome", "")
    return Filters(
        outcome=outcome if outcome in OUTCOMES else "",
        since=_moment(request.GET.get("since", "")),
        until=_moment(request.GET.get("until", ""), is_end=True),
        **texts,
    )


def query_of(filters: Filters) -> dict[str, str]:
    """The filters as the URL has them."""
    texts = {name: getattr(filters, name) for name in ("outcome", *TEXTS)}
    times = {
        name: timezone.localtime(at).strftime("%Y-%m-%dT%H:%M")
        for name in ("since", "until")
        if (at := getattr(filters, name)) is not None
    }
    return {name: value for name, value in {**texts, **times}.items() if value}


def _moment(text: str, *, is_end: bool = False) -> datetime | None:
    """A local minute, or a whole day: its first instant, or where it ends."""
    try:
        found = parse_datetime(text)
        if found is None or len(text) <= len("2026-11-21"):
            day = date.fromisoformat(text)
            found = datetime.combine(day, time.min) + timedelta(days=1 if is_end else 0)
        aware = timezone.make_aware(found) if found.tzinfo is None else found
        # What lies at the edge of the calendar has no other time zone.
        return aware if 1 < aware.year < date.max.year else None
    except (ValueError, OverflowError):
        return None
