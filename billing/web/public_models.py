"""The public page of models and prices: a table to search, which works without a script."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.web.pages import render_page
from accounts.web.requests import SiteRequest
from billing.capabilities import WORDS, Capability
from billing.reports import price_list
from billing.reports.price_list import KINDS, SEARCH_CHARS_MAX, Wanted


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """P2. What is asked for stands in the address."""
    offers = price_list.offers(cast(SiteRequest, request).site, timezone.now())
    vendors = price_list.vendors(offers)
    asked = request.GET
    wanted = Wanted(
        search=asked.get("q", "").replace("\0", "").strip()[:SEARCH_CHARS_MAX],
        vendor=vendor if (vendor := asked.get("vendor", "")) in vendors else "",
        kind=kind if (kind := asked.get("kind", "")) in KINDS else "",
        ability=able if (able := asked.get("ability", "")) in list(Capability) else "",
    )
    words = {"text": _("Text"), "image": _("Images"), "audio": _("Sound and film")}
    named = {name for offer in offers for name in offer.model.capabilities}
    context = {
        "wanted": wanted,
        "vendors": vendors,
        "abilities": [(name, word) for name, word in WORDS.items() if name in named],
        "kinds": [(kind, words[kind]) for kind in KINDS],
        "offers": [offer for offer in offers if wanted.fits(offer)],
        "count": len(offers),
    }
    return render_page(request, "public/models.html", context)
