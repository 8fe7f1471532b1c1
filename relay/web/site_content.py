"""A site's own words: terms of service, privacy policy and the line under every page."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts import audit, sites
from accounts.models import Site, SiteText
from accounts.models.sites import LANGUAGES
from accounts.permissions import StaffAct
from accounts.site_values import SiteRefused
from accounts.web.context import TAGS
from accounts.web.pages import render_page
from relay.web.refusal_texts import add_to
from relay.web.site_forms import FooterForm, TextForm
from relay.web.site_shell import Shell, site_view


@site_view("content", StaffAct.CHANGE_SITE)
def content(request: HttpRequest, shell: Shell) -> HttpResponse:
    """T8. Which text and language is edited stands in the address."""
    act = request.POST.get("act", "") if request.method == "POST" else ""
    asked, site = request.GET, shell.site
    kind = asked.get("kind", "")
    kind = kind if kind in SiteText.Kind.values else SiteText.Kind.TERMS.value
    language = asked.get("language", "")
    language = language if language in dict(LANGUAGES) else site.language
    texts = {(text.kind, text.language): text.body for text in site.texts.all()}
    initial = {"body": texts.get((kind, language), "")}
    form = TextForm(request.POST if act == "text" else None, initial=initial)
    footer = FooterForm(request.POST if act == "footer" else None, initial=site.footer)
    by = audit.actor_of(request)
    try:
        if act == "text" and form.is_valid():
            sites.set_text(site, kind, language, form.cleaned_data["body"], by=by)
            return _saved(request, f"{shell.url}?{urlencode({'kind': kind, 'language': language})}")
        if act == "footer" and footer.is_valid():
            sites.change(site, {"footer": footer.cleaned_data}, by=by)
            return _saved(request, shell.url)
    except SiteRefused as refused:
        add_to(form if act == "text" else footer, refused)
    context = {
        "shell": shell,
        "form": form,
        "footer": footer,
        "kind": kind,
        "text_language": language,
        "text_tag": TAGS[language][1],
        "rows": _rows(site, texts),
    }
    return render_page(request, "site/content.html", context, status=422 if act else 200)


def _saved(request: HttpRequest, url: str) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect(url)


def _rows(
    site: Site, texts: Mapping[tuple[str, str], str]
) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Each text with its languages: code, name, and done, missing or not needed."""

    def state(kind: str, language: str) -> str:
        if (kind, language) in texts:
            return "done"
        return "missing" if language in site.languages else "unneeded"

    return [
        (str(kind), str(word), [(code, name, state(kind, code)) for code, name in LANGUAGES])
        for kind, word in SiteText.Kind.choices
    ]
