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
from accounts.web.access import operator_page, site_page
from accounts.web.pages import render_page
from accounts.web.requests import StaffRequest

# Ids are 64-bit; a longer number can only be nonsense.
ID_DIGITS_MAX = 18
TEXTS = ("actor", "action", "target", "organization", "request_id")


@require_safe
@operator_page
def ops_audit(request: HttpRequest) -> HttpResponse:
    """O16."""
    return shown(request, None, "ops")


@require_safe
@site_page(StaffAct.SEE_SITE)
def site_audit(request: StaffRequest) -> HttpResponse:
    """T10."""
    return shown(request, request.site, "site")


@require_safe
@operator_page
def ops_audit_csv(request: HttpRequest) -> HttpResponseBase:
    """What `ops_audit` finds, as a file."""
    return exported(request, None)


@require_safe
@site_page(StaffAct.SEE_SITE)
def site_audit_csv(request: StaffRequest) -> HttpResponseBase:
    """What `site_audit` finds, as a file."""
    return exported(request, request.site)


def shown(request: HttpRequest, site: Site | None, door: str) -> HttpResponse:
    filters = filters_of(request)
    text = request.GET.get("before", "")
    is_id = text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX
    page = audit_search.page(filters, site, before=int(text) if is_id else None)
    here, kept = reverse(f"{door}_audit"), query_of(filters)
    context = {
        "shell": f"{door}/base.html",
        "here": here,
        "of_all_sites": site is None,
        "customer_url": "ops_organization" if site is None else "site_organization",
        "filters": filters,
        "page": page,
        "csv_url": f"{reverse(f'{door}_audit_csv')}?{urlencode(kept)}",
        "csv_rows_max": audit_search.CSV_ROWS_MAX,
        "older_url": f"{here}?{urlencode({**kept, 'before': page.older})}" if page.older else "",
        "newest_url": f"{here}?{urlencode(kept)}" if is_id else "",
    }
    return render_page(request, "staff/audit.html", context)


def exported(request: HttpRequest, site: Site | None) -> HttpResponseBase:
    names = ("time", "actor", "via", "site", "organization", "action", "target", "target_name")
    header = (*names, "reason", "before", "after", "ip", "request_id")
    # Read here: the file is written when the request's language is gone.
    operator = _("operator")
    rows = _rows(filters_of(request), site, operator)
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
