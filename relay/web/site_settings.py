"""The settings of a site: for its staff what it is called, who may join and whether the world
finds it; for operators also where it is, its currency and plan, and whether it is suspended."""

from typing import Any

from django import forms
from django.conf import settings as config
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import audit, sites
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.site_values import SiteRefused
from accounts.web import throttles
from accounts.web.pages import render_page
from billing import site_terms
from billing.models import SiteTerms
from billing.money import format_nanos
from relay import signals, site_reach
from relay.site_reach import Reach
from relay.web.refusal_texts import add_to
from relay.web.site_forms import LookForm, PlaceForm, SuspendForm
from relay.web.site_shell import Shell, site_view

LOOKS = (
    *("name", "language", "languages", "time_zone", "sign_up"),
    *("support_contact", "sender_name", "sender_address"),
)


@site_view("settings", StaffAct.CHANGE_SITE)
def settings(request: HttpRequest, shell: Shell) -> HttpResponse:
    """T11 and O7 of one site. `act` says which of the forms was sent."""
    act = request.POST.get("act", "") if request.method == "POST" else ""
    if act == "check":
        return _look(request, shell)
    if act and act != "look" and not shell.is_ops:
        raise PermissionDenied
    found = _forms(shell.site, request, act)
    form = found.get(act)
    if form is not None and form.is_valid() and _save(request, shell.site, act, form):
        signals.announce()
        messages.success(request, _("Saved."))
        return redirect(shell.url)
    return _page(request, shell, found, site_reach.expected(shell.site), 422 if act else 200)


def _look(request: HttpRequest, shell: Shell) -> HttpResponse:
    if seconds := throttles.tried(request, "look"):
        return throttles.answer(request, seconds)
    return _page(request, shell, _forms(shell.site, request, ""), site_reach.look(shell.site))


def _page(
    request: HttpRequest,
    shell: Shell,
    found: dict[str, forms.Form],
    reach: Reach,
    status: int = 200,
) -> HttpResponse:
    context = {
        "shell": shell,
        "shown_site": shell.site,
        "reach": reach,
        "domain_target": config.SITE_DOMAIN_TARGET,
        "own_sender": config.DEFAULT_FROM_EMAIL,
        **found,
    }
    return render_page(request, "site/settings.html", context, status=status)


def _forms(site: Site, request: HttpRequest, act: str) -> dict[str, forms.Form]:
    terms = SiteTerms.objects.filter(site=site).first()
    credit = terms.trial_credit_nanos if terms else 0
    look = {name: getattr(site, name) for name in LOOKS}
    place = {
        "domains": "\n".join(site.domains.values_list("domain", flat=True)),
        "currency": site.currency,
        "plan": terms.plan_id if terms else None,
    }
    trial = {"trial_credit": format_nanos(credit) if credit else ""}

    def sent(name: str) -> Any:
        return request.POST if act == name else None

    return {
        "look": LookForm(sent("look"), initial=look | trial),
        "place": PlaceForm(sent("place"), initial=place),
        "suspend": SuspendForm(sent("suspend")),
    }


def _save(request: HttpRequest, site: Site, act: str, form: forms.Form) -> bool:
    by, values = audit.actor_of(request), form.cleaned_data
    try:
        with transaction.atomic():
            if act == "look":
                sites.change(site, {name: values[name] for name in LOOKS}, by=by)
                if SiteTerms.objects.filter(site=site).exists():
                    site_terms.set_trial_credit(site, values["trial_credit"], by=by)
            elif act == "place":
                sites.change(site, {"currency": values["currency"]}, by=by)
                sites.set_domains(site, values["domains"], by=by)
                site_terms.set_plan(site, values["plan"].pk, by=by)
            else:
                is_active = not site.is_active
                sites.set_active(site, is_active=is_active, by=by, reason=values["reason"])
    except SiteRefused as refused:
        add_to(form, refused)
        return False
    return True
