"""The site's style sheet and pictures, at addresses that change with their content."""

from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.colours import Accent, style_sheet
from accounts.models import SiteImage
from accounts.templatetags.brand import accent_hash
from accounts.web.requests import SiteRequest

# A year, which caches take for "for ever": what is at an address never changes.
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def style(request: HttpRequest, hash: str) -> HttpResponse:
    """The accent tokens. A page from before a change asks for the old sheet: it gets the new one,
    which is not to be kept under that address."""
    site = cast(SiteRequest, request).site
    if not site.accent:
        raise Http404
    sheet = style_sheet(Accent(site.accent, site.accent_dark))
    response = HttpResponse(sheet, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = FOR_EVER if hash == accent_hash(site) else "no-store"
    return response


@require_safe
def image(request: HttpRequest, hash: str) -> HttpResponse:
    """A picture of this site; another site's is not found here."""
    site = cast(SiteRequest, request).site
    found = SiteImage.objects.filter(site=site, hash=hash).values_list("content", flat=True).first()
    if found is None:
        raise Http404
    response = HttpResponse(bytes(found), content_type="image/png")
    response.headers["Cache-Control"] = FOR_EVER
    return response
