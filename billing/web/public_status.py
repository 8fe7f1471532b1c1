"""The public page of how a site does now and did lately."""

from datetime import timedelta
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import announcements
from accounts.models import Announcement
from accounts.web.pages import render_page
from accounts.web.requests import SiteRequest
from billing.reports import status as report

RANK = {"good": 0, "poor": 1, "bad": 2}


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """P5."""
    site, now = cast(SiteRequest, request).site, timezone.now()
    families = report.families(site, now)
    told = announcements.told(site, now - timedelta(days=report.DAYS), now)
    incidents = [
        row for row in announcements.shown(site, now) if row.kind == Announcement.Kind.INCIDENT
    ]
    worst = max((family.state for family in families), key=RANK.__getitem__, default="good")
    context = {
        "families": families,
        "told": told,
        "now": now,
        "state": "poor" if incidents and worst == "good" else worst,
        "days": report.DAYS,
    }
    return render_page(request, "public/status.html", context)
