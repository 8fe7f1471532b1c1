"""The public pages of a site's terms and privacy policy."""

from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe

from accounts import paragraphs
from accounts.models import SiteText
from accounts.web.context import TAGS
from accounts.web.pages import render_page
from accounts.web.requests import SiteRequest


@require_safe
def legal(request: HttpRequest, kind: str) -> HttpResponse:
    """In the reader's language, else in the site's, else in whichever there is."""
    site = cast(SiteRequest, request).site
    texts = {
        text.language: text
        for text in SiteText.objects.filter(site=site, kind=kind).order_by("language")
    }
    if kind not in SiteText.Kind.values or not texts:
        raise Http404
    wanted = [translation.get_language() or "", site.language, *texts]
    shown = texts[next(language for language in wanted if language in texts)]
    context = {
        "title": SiteText.Kind(kind).label,
        "blocks": paragraphs.blocks(shown.body),
        "text_lang": TAGS[shown.language][1],
        "changed_at": shown.changed_at,
    }
    return render_page(request, "public/legal.html", context)
