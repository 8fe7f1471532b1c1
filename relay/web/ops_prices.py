"""Staff page of a model's prices: every version, and publishing the next. Lives here and not in
billing because it warns of prices below cost, and costs belong to routes."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing import price_effects, price_words, prices
from billing.models import Model, Price
from billing.price_effects import Effect
from billing.price_versions import PriceError, PriceVersion
from billing.price_words import Part
from relay import below_cost, costs
from relay.models import Route
from relay.web.price_form import PriceForm, initial

# The name of the second button of the form.
PREVIEW = "preview"
# Prices change a few times a year; the newest are shown.
VERSIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with its amounts and its state: scheduled, now or past; `ends` has no amounts."""

    price: Price
    parts: list[Part]
    state: str

    @property
    def ends(self) -> bool:
        return not self.parts


@require_http_methods(["GET", "POST"])
@operator_page
def model_prices(request: HttpRequest, model_id: str) -> HttpResponse:
    """The versions of a model's prices; a POST publishes one."""
    model = get_object_or_404(Model, pk=model_id)
    losses: list[str] = []
    form = PriceForm(request.POST or None, initial=initial(model, request.GET))
    told: Effect | None = None
    if request.method == "POST" and form.is_valid():
        losses = _losses(model, form)
        if PREVIEW in request.POST:
            told = _preview(model, form)
        elif (not losses or form.cleaned_data["accepts_loss"]) and _publish(request, model, form):
            return redirect("ops_prices", model.pk)
    context = {
        "model": model,
        "form": form,
        "losses": losses,
        "effect": told,
        "days": price_effects.DAYS,
        "versions": versions(model),
    }
    status = 422 if form.is_bound and told is None else 200
    return render_page(request, "ops/prices.html", context, status=status)


def _preview(model: Model, form: PriceForm) -> Effect | None:
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


def _losses(model: Model, form: PriceForm) -> list[str]:
    """The kinds of use, by name, that some route costs more for."""
    by_route = costs.of_model(model.pk, timezone.now())
    active = Route.objects.filter(model=model, is_active=True)
    known = [by_route[key] for row in active if (key := costs.key_of(row)) in by_route]
    return below_cost.words(
        PriceVersion(0, form.components), [costs.version_of(row) for row in known]
    )


def versions(model: Model) -> list[VersionRow]:
    """Versions of every scope, newest first."""
    now = timezone.now()
    rows = Price.objects.filter(model=model).select_related("site", "organization__site")
    rows = rows.select_related("created_by")
    seen: set[tuple[str | None, str | None]] = set()
    found = []
    for row in rows.order_by("-effective_from", "-id")[:VERSIONS_MAX]:
        scope = (row.site_id, row.organization_id)
        if row.effective_from > now:
            state = "scheduled"
        else:
            state = "past" if scope in seen else "now"
            seen.add(scope)
        found.append(VersionRow(row, list(price_words.parts(row.components)), state))
    return found


def _publish(request: HttpRequest, model: Model, form: PriceForm) -> bool:
    try:
        prices.publish(
            model,
            **form.scope,
            components=form.components,
            effective_from=form.cleaned_data["effective_from"],
            by=audit.actor_of(request),
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
