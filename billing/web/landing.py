"""The public front page of a site: where to call it and what it costs."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.web.pages import render_page
from accounts.web.requests import SiteRequest
from billing.reports import price_list
from billing.web.snippets import base_url_of, snippets_of


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Base URL, code, models and prices."""
    site = cast(SiteRequest, request).site
    offers = price_list.offers(site, timezone.now())
    model = offers[0].model.id if offers else ""
    context = {
        "offers": offers,
        "base_url": base_url_of(request),
        "snippets": snippets_of(request, model=model),
    }
    return render_page(request, "public/landing.html", context)
