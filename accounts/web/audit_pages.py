"""The trail of changes for staff: /ops/audit over everything, /site/audit of one site; as a page
and as a CSV file. Members see their organization's in `accounts.web.team`."""

import json
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.reports import audit_search
from accounts.reports.audit_log import Line
from accounts.reports.audit_search import Filters
from accounts.web import csv_answer
from accounts.web.doors import Door, staff_view
from accounts.web.pages import render_page

# Ids are 64-bit; a longer number can only be nonsense.
ID_DIGITS_MAX = 18
TEXTS = ("actor", "action", "target", "organization", "request_id")


@staff_view(StaffAct.SEE_SITE)
@require_safe
def audit_log(request: HttpRequest, door: Door) -> HttpResponse:
    """O16 and T10."""
    filters = filters_of(request)
    text = request.GET.get("before", "")
    is_id = text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX
    page = audit_search.page(filters, door.site, before=int(text) if is_id else None)
    here, kept = reverse(door.page("audit")), query_of(filters)
    context = {
        "door": door,
        "here": here,
        "of_all_sites": door.is_ops,
        "customer_url": door.page("organization"),
        "filters": filters,
        "page": page,
        "csv_url": f"{reverse(door.page('audit_csv'))}?{urlencode(kept)}",
        "csv_rows_max": audit_search.CSV_ROWS_MAX,
        "older_url": f"{here}?{urlencode({**kept, 'before': page.older})}" if page.older else "",
        "newest_url": f"{here}?{urlencode(kept)}" if is_id else "",
    }
    return render_page(request, "staff/audit.html", context)


@staff_view(StaffAct.SEE_SITE)
@require_safe
def audit_csv(request: HttpRequest, door: Door) -> HttpResponseBase:
    """What `audit_log` finds, as a file."""
    names = ("time", "actor", "via", "site", "organization", "action", "target", "target_name")
    header = (*names, "reason", "before", "after", "ip", "request_id")
    # Read here: the file is written when the request's language is gone.
    operator = _("operator")
    rows = _rows(filters_of(request), door.site, operator)
    return csv_answer.answer(request, "audit.csv", header, rows)


def _rows(filters: Filters, site: Site | None, operator: str) -> Iterator[list[object]]:
    for line in audit_search.lines(filters, site):
        yield _cells(line, operator)


def _cells(line: Line, operator: str) -> list[object]:
    row = line.record
    return [
        row.at.isoformat(),
        operator if line.is_staffs else row.actor_name,
        row.via,
        row.site_id,
        row.organization_id,
        row.action,
        row.target_id,
        row.target_name,
        row.reason,
        "" if row.before is None else json.dumps(row.before, ensure_ascii=False),
        "" if row.after is None else json.dumps(row.after, ensure_ascii=False),
        "" if line.is_staffs else row.ip,
        row.request_id,
    ]


def filters_of(request: HttpRequest) -> Filters:
    """What the URL asks for; nonsense is the same as nothing."""
    texts = {name: _text(request.GET.get(name, "")) for name in TEXTS}
    since, until = (_day(request.GET.get(name, "")) for name in ("since", "until"))
    return Filters(**texts, since=since, until=until)


def query_of(filters: Filters) -> dict[str, str]:
    named = {name: getattr(filters, name) for name in (*TEXTS, "since", "until")}
    return {name: str(value) for name, value in named.items() if value}


def _text(text: str) -> str:
    return text.replace("\0", "").strip()[: audit_search.TEXT_CHARS_MAX]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
