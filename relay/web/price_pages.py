"""A model's prices: every version, publishing the next, taking back one that has not begun. For
operators and, in their own scope, for a site's staff; also one customer's contract.

Lives here and not in billing because it warns of prices below cost, and costs belong to routes.
"""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit
from accounts.permissions import StaffAct
from accounts.web.doors import Door, staff_view
from accounts.web.pages import render_page
from billing import price_effects, prices
from billing.models import Model, Price
from billing.price_effects import Effect
from billing.price_versions import PriceError
from billing.reports import price_chains, price_list
from billing.web.customers import about
from billing.web.taking_back import take_back
from relay import below_cost
from relay.web import price_form
from relay.web.price_form import PriceForm, VersionForm

# The name of the second button of the form.
PREVIEW = "preview"


@staff_view(StaffAct.SEE_SITE)
@require_http_methods(["GET", "POST"])
def model_prices(request: HttpRequest, door: Door, model_id: str) -> HttpResponse:
    """The versions of a model's prices; a POST publishes one, of the site through its door."""
    may_send(request, door)
    model = get_object_or_404(Model, pk=model_id)
    form: VersionForm
    if door.site is None:
        form = PriceForm(request.POST or None, initial=price_form.initial(model, request.GET, None))
    else:
        scope = {"site": door.site, "organization": None}
        wanted = {"site": door.site.pk} | _asked(request)
        initial = price_form.initial(model, wanted, door.site)
        form = VersionForm(request.POST or None, scope=scope, initial=initial)
    context = {
        **frame(door),
        "back": reverse("ops_model", args=[model.pk]) if door.is_ops else "",
        "versions": price_chains.of_model(model, door.site, timezone.now()),
    }
    return _page(request, model, form, context)


@staff_view(StaffAct.SEE_SITE)
@require_http_methods(["GET", "POST"])
def contract(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """A customer's contract for the model that the address asks for; without one, a choice."""
    may_send(request, door)
    customer = door.find(organization_id)
    context = about(door, customer) | frame(door)
    if not (asked := request.GET.get("model", "")):
        context["models"] = price_list.sold(customer.site)
        return render_page(request, "staff/contract_choice.html", context)
    model = get_object_or_404(Model, pk=asked)
    own = {"organization": customer.pk} | _asked(request)
    form = VersionForm(
        request.POST or None,
        scope={"site": None, "organization": customer},
        initial=price_form.initial(model, own, customer.site),
    )
    now = timezone.now()
    list_price = prices.in_force(model, customer.site, now)
    context |= {
        "list_price": price_chains.states([list_price], now)[0].parts if list_price else [],
        "versions": price_chains.of_customer(customer, now, model=model),
    }
    return _page(request, model, form, context)


@staff_view(StaffAct.CHANGE_PRICES)
@require_POST
def cancel(request: HttpRequest, door: Door, version_id: int) -> HttpResponse:
    """Take back a version that has not begun, and go back to where the button stood."""
    version = get_object_or_404(theirs(door), pk=version_id)
    by = audit.actor_of(request)
    take_back(
        request, lambda: prices.cancel(version, by=by), _("The scheduled price is cancelled.")
    )
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect(door.page("prices"), version.model_id)


def frame(door: Door) -> dict[str, Any]:
    """What every page of prices needs of the door."""
    return {
        "door": door,
        "may_price": door.may(StaffAct.CHANGE_PRICES),
        "cancel_url": door.page("price_cancel"),
        "prices_url": door.page("prices"),
        "price_list_url": door.page("price_list"),
        "contract_url": door.page("contract"),
        "customer_url": door.page("organization"),
    }


def theirs(door: Door) -> Any:
    """The versions that whoever came through the door may change."""
    rows = Price.every.all()
    if door.is_ops:
        return rows
    return rows.filter(Q(site=door.site) | Q(organization__site=door.site))


def _asked(request: HttpRequest) -> dict[str, str]:
    """A former version to start from, if the address names one."""
    return {"version": asked} if (asked := request.GET.get("version", "")) else {}


def may_send(request: HttpRequest, door: Door) -> None:
    """Reading is for all staff, sending for those who set prices. Raises PermissionDenied."""
    if request.method == "POST" and not door.may(StaffAct.CHANGE_PRICES):
        raise PermissionDenied


def _page(
    request: HttpRequest, model: Model, form: VersionForm, context: dict[str, Any]
) -> HttpResponse:
    losses: list[str] = []
    told: Effect | None = None
    if request.method == "POST" and form.is_valid():
        losses = below_cost.of_model(model, form.components)
        if PREVIEW in request.POST:
            told = _preview(model, form)
        elif (not losses or form.cleaned_data["accepts_loss"]) and _publish(request, model, form):
            return redirect(_here(request))
    context |= {
        "model": model,
        "form": form,
        "losses": losses,
        "effect": told,
        "days": price_effects.DAYS,
    }
    status = 422 if form.is_bound and told is None else 200
    return render_page(request, "staff/prices.html", context, status=status)


def _here(request: HttpRequest) -> str:
    """This page, without a version to start from."""
    model = request.GET.get("model", "")
    query = request.GET.copy()
    for name in set(query) - {"model"}:
        del query[name]
    return f"{request.path}?{query.urlencode()}" if model else request.path


def _preview(model: Model, form: VersionForm) -> Effect | None:
    """The effect of what was entered; None when the form says why there is none."""
    now = timezone.now()
    try:
        return price_effects.effect(model, **form.scope, components=form.components, now=now)
    except PriceError:
        # The form has checked the rest: what remains is the end of the last price that counts.
        form.add_error("ends_own_price", _("Without it the model can't be sold there."))
    except price_effects.EffectTooLong:
        form.add_error(None, _("There are too many calls to look at in time."))
    return None


def _publish(request: HttpRequest, model: Model, form: VersionForm) -> bool:
    try:
        prices.publish(
            model,
            **form.scope,
            components=form.components,
            effective_from=form.cleaned_data["effective_from"],
            by=audit.actor_of(request),
            reason=form.cleaned_data["reason"],
        )
    except PriceError:
        # The form has checked the rest: what remains is an instant that is taken or went by.
        form.add_error("effective_from", _("Another version begins then, or it has passed."))
        return False
    if form.components:
        messages.success(request, _("The price is published."))
    else:
        messages.success(request, _("The own price ends."))
    return True
