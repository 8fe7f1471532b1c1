"""The models that a site offers: on and off, and how each is listed, for staff and operators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import audit
from accounts.models import Site
from accounts.models.sites import LANGUAGES
from accounts.permissions import StaffAct
from accounts.site_values import SiteRefused
from accounts.web.pages import render_page
from billing import bulk_prices, site_models
from billing.models import Model, SiteModel, SiteTerms
from billing.reports.price_list import SEARCH_CHARS_MAX
from relay import site_listing
from relay.web.refusal_texts import add_to
from relay.web.site_shell import Shell, site_view

# What is listed.
SHOWN = ("", "on", "off", "hidden")
OFFER, STOP = "offer", "stop"


class LookForm(forms.Form):
    """How the site lists one model."""

    shown_as = forms.CharField(
        label=gettext_lazy("Shown as"),
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "A name of your own. Calls work by either; answers show the one that was asked for."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    position = forms.IntegerField(
        label=gettext_lazy("Place in the list"),
        required=False,
        min_value=0,
        max_value=site_models.POSITION_MAX,
        help_text=gettext_lazy("1 comes first; empty or 0 is after all others, by name."),
    )
    is_hidden = forms.BooleanField(
        label=gettext_lazy("Hidden: in no list, but whoever knows the name can call it"),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in LANGUAGES:
            self.fields[f"description_{code}"] = forms.CharField(
                label=name,
                required=False,
                max_length=site_models.DESCRIPTION_CHARS_MAX,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def descriptions(self) -> list[forms.BoundField]:
        """One for each language."""
        return [self[f"description_{code}"] for code, _name in LANGUAGES]

    def values(self) -> dict[str, Any]:
        """As `site_listing.set_look` takes them."""
        data = self.cleaned_data
        return {
            "shown_as": data["shown_as"],
            "position": data["position"] or 0,
            "is_hidden": data["is_hidden"],
            "description": {code: data[f"description_{code}"] for code, _name in LANGUAGES},
        }


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One model of the deployment, as the site has it."""

    model: Model
    look: SiteModel | None
    is_offered: bool
    lacks_price: bool
    lacks_route: bool
    has_retired: bool
    missing: list[str]  # languages of the site without a description, where there is one

    @property
    def state(self) -> str:
        """What keeps it from being sold, or off, hidden, on."""
        if not self.is_offered:
            return "off"
        if self.has_retired:
            return "retired"
        if self.lacks_price:
            return "no price"
        if self.lacks_route:
            return "no route"
        return "hidden" if self.look and self.look.is_hidden else "on"


@site_view("models", StaffAct.CHANGE_PRICES)
def models(request: HttpRequest, shell: Shell) -> HttpResponse:
    """T5. The filters and the model that is edited stand in the address."""
    site, asked = shell.site, request.GET
    act = request.POST.get("act", "") if request.method == "POST" else ""
    edited = get_object_or_404(Model, pk=name) if (name := asked.get("model", "")) else None
    if act in (OFFER, STOP):
        return _switch(request, shell, is_offered=act == OFFER)
    if act == "range":
        return _set_range(request, shell)
    looks = site_models.looks(site)
    form = _form(request, act, looks.get(edited.pk) if edited else None)
    if edited and act == "look" and form.is_valid() and _saved(request, site, edited, form):
        messages.success(request, _("Saved."))
        return redirect(shell.url)
    wanted = {
        "q": asked.get("q", "").replace("\0", "").strip()[:SEARCH_CHARS_MAX],
        "show": show if (show := asked.get("show", "")) in SHOWN else "",
    }
    terms = SiteTerms.objects.filter(site=site).first()
    rows = rows_of(site, looks, timezone.now(), search=wanted["q"])
    context = {
        "shell": shell,
        "terms": terms,
        "rows": [row for row in rows if _fits(row, wanted)],
        "offered": site_models.sold(site).count(),
        "wanted": wanted,
        "edited": edited,
        "form": form,
    }
    status = 422 if act == "look" and form.errors else 200
    return render_page(request, "site/models.html", context, status=status)


def rows_of(
    site: Site, looks: Mapping[str, SiteModel], now: datetime, *, search: str = ""
) -> list[OfferRow]:
    """The deployment's models that are not taken off everywhere and that the search is for, at most
    MODELS_MAX. A handful of queries."""
    named = [name for name, look in looks.items() if search.lower() in look.shown_as.lower()]
    fits = Q(pk__icontains=search) | Q(name__icontains=search) | Q(pk__in=named)
    usable = Q(routes__is_active=True, routes__upstream__is_active=True)
    found = Model.objects.filter(fits, is_active=True).select_related("successor")
    found = found.annotate(usable=Count("routes", filter=usable)).order_by("id")
    models = list(found[: bulk_prices.MODELS_MAX])
    sold, priced = site_models.range_of(site.pk), bulk_prices.in_force(site, now, models)
    rows = [
        OfferRow(
            model=model,
            look=(look := looks.get(model.pk)),
            is_offered=sold.has(model.pk),
            lacks_price=priced.of(model.pk) is None,
            lacks_route=model.usable == 0,
            has_retired=model.retires_at is not None and model.retires_at <= now,
            missing=_missing(site, look),
        )
        for model in models
    ]
    return sorted(rows, key=_place)


def _place(row: OfferRow) -> tuple[bool, int, str]:
    position = row.look.position if row.look else 0
    return (not row.is_offered, position or site_models.POSITION_MAX + 1, row.model.pk)


def _missing(site: Site, look: SiteModel | None) -> list[str]:
    if look is None or not look.description:
        return []
    return [code for code in site.languages if code not in look.description]


def _fits(row: OfferRow, wanted: Mapping[str, str]) -> bool:
    return {
        "on": row.is_offered,
        "off": not row.is_offered,
        "hidden": bool(row.look and row.look.is_hidden),
    }.get(wanted["show"], True)


def _form(request: HttpRequest, act: str, look: SiteModel | None) -> LookForm:
    initial: dict[str, Any] = {}
    if look is not None:
        initial = {name: getattr(look, name) for name in ("shown_as", "position", "is_hidden")}
        initial |= {f"description_{code}": text for code, text in look.description.items()}
    return LookForm(request.POST if act == "look" else None, initial=initial)


def _switch(request: HttpRequest, shell: Shell, *, is_offered: bool) -> HttpResponse:
    ticked: Sequence[str] = request.POST.getlist("model")[: bulk_prices.MODELS_MAX]
    chosen = list(Model.objects.filter(pk__in=ticked).order_by("pk"))
    by = audit.actor_of(request)
    try:
        count = site_models.set_offered(shell.site, chosen, is_offered=is_offered, by=by)
    except SiteRefused:
        messages.error(request, _("The site has no plan yet: an operator gives it one."))
        return redirect(shell.url)
    if not chosen:
        messages.info(request, _("Tick models first."))
    elif is_offered:
        text = ngettext(
            "%(count)s model is offered now.", "%(count)s models are offered now.", count
        )
        messages.success(request, text % {"count": count})
    else:
        text = ngettext(
            "%(count)s model is not offered any more.",
            "%(count)s models are not offered any more.",
            count,
        )
        messages.success(request, text % {"count": count})
    kept = {name: value for name in ("q", "show") if (value := request.GET.get(name))}
    return redirect(f"{shell.url}?{urlencode(kept)}" if kept else shell.url)


def _set_range(request: HttpRequest, shell: Shell) -> HttpResponse:
    sells_all = bool(request.POST.get("sells_all"))
    try:
        site_models.set_sells_all(shell.site, sells_all=sells_all, by=audit.actor_of(request))
    except SiteRefused:
        messages.error(request, _("The site has no plan yet: an operator gives it one."))
    else:
        messages.success(request, _("Saved."))
    return redirect(shell.url)


def _saved(request: HttpRequest, site: Site, model: Model, form: LookForm) -> bool:
    try:
        site_listing.set_look(site, model, form.values(), by=audit.actor_of(request))
    except SiteRefused as refused:
        add_to(form, refused)
        return False
    return True
