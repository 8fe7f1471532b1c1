"""A site's accent and logo, with how they look in both themes."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import audit, colours, images, sites
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.site_values import SiteRefused
from accounts.web.pages import render_page
from relay.web.refusal_texts import add_to
from relay.web.site_forms import AccentForm, LogoForm
from relay.web.site_shell import Shell, site_view


@site_view("brand", StaffAct.CHANGE_SITE)
def brand(request: HttpRequest, shell: Shell) -> HttpResponse:
    """T7. `act` says which of the forms was sent; a colour that could not be read is refused."""
    act = request.POST.get("act", "") if request.method == "POST" else ""
    site = shell.site
    initial = {"accent": site.accent, "accent_dark": site.accent_dark}
    accent = AccentForm(request.POST if act == "accent" else None, initial=initial)
    logo = LogoForm(request.POST, request.FILES) if act == "logo" else LogoForm()
    if act == "no_logo":
        sites.set_logo(site, None, by=audit.actor_of(request))
        return _saved(request, shell)
    form: forms.Form | None = {"accent": accent, "logo": logo}.get(act)
    if form is not None and form.is_valid() and _save(request, site, form):
        return _saved(request, shell)
    context = {
        "shell": shell,
        "shown_site": site,
        "accent": accent,
        "logo": logo,
        "contrasts": _contrasts(site),
    }
    return render_page(request, "site/brand.html", context, status=422 if act else 200)


def _saved(request: HttpRequest, shell: Shell) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect(shell.url)


def _save(request: HttpRequest, site: Site, form: forms.Form) -> bool:
    by, values = audit.actor_of(request), form.cleaned_data
    try:
        if isinstance(form, AccentForm):
            sites.set_accent(site, values["accent"], values["accent_dark"], by=by)
        else:
            sent = values["logo"].read(images.BYTES_MAX + 1)
            sites.set_logo(site, images.encode_logo(sent), by=by)
    except SiteRefused as refused:
        add_to(form, refused)
        return False
    return True


def _contrasts(site: Site) -> list[tuple[str, str, str]]:
    """The site's colours by theme with the lowest contrast that each has; none with ours."""
    if not site.accent:
        return []
    themes = (
        (_("light"), site.accent, colours.LIGHT_GROUNDS),
        (_("dark"), site.accent_dark, colours.DARK_GROUNDS),
    )
    return [
        (word, colour, f"{min(colours.contrast(colour, ground) for ground in grounds):.1f}")
        for word, colour, grounds in themes
    ]
