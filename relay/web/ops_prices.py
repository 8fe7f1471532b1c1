"""Staff page of a model's prices: every version, and publishing the next. Lives here and not in
billing because it warns of prices below cost, and costs belong to routes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import Site, User
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing import prices
from billing.models import Model, Price
from billing.price_versions import PriceError, PriceVersion
from relay import costs
from relay.models import Route
from relay.web.component_form import FIELDS, LABELS, ComponentForm, initial_of, shown

# Prices change a few times a year; the newest are shown.
VERSIONS_MAX = 200


class PriceForm(ComponentForm):
    """The next version of a model's price."""

    site = forms.ModelChoiceField(
        label=gettext_lazy("For"),
        queryset=Site.objects.order_by("id"),
        required=False,
        empty_label=gettext_lazy("every site without a price of its own"),
    )
    effective_from = forms.DateTimeField(
        label=gettext_lazy("In force from"),
        required=False,
        help_text=gettext_lazy("Left empty: from now on. In this page's time zone."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    accepts_loss = forms.BooleanField(
        label=gettext_lazy("Publish it although it is below cost"), required=False
    )

    def clean_effective_from(self) -> datetime | None:
        """Calls of the past were charged by the versions of the past."""
        start: datetime | None = self.cleaned_data["effective_from"]
        if start is not None and start < timezone.now():
            raise forms.ValidationError(_("That has passed. Leave it empty for now."))
        return start


@require_http_methods(["GET", "POST"])
@operator_page
def model_prices(request: HttpRequest, model_id: str) -> HttpResponse:
    """The versions of a model's prices; a POST publishes one."""
    model = get_object_or_404(Model, pk=model_id)
    losses: list[str] = []
    form = PriceForm(request.POST or None, initial=_initial(model))
    if request.method == "POST" and form.is_valid():
        losses = below_cost(model, form.components)
        if (not losses or form.cleaned_data["accepts_loss"]) and _publish(request, model, form):
            return redirect("ops_prices", model.pk)
    context = {"model": model, "form": form, "losses": losses, "versions": versions(model)}
    return render_page(request, "ops/prices.html", context, status=422 if form.is_bound else 200)


def below_cost(model: Model, components: Mapping[str, Any]) -> list[str]:
    """The buckets, by name, in which some route costs more than the price."""
    price = PriceVersion(0, components)
    by_route = costs.of_model(model.pk, timezone.now())
    active = Route.objects.filter(model=model, is_active=True)
    known = [
        costs.version_of(by_route[key]) for row in active if (key := costs.key_of(row)) in by_route
    ]
    found = []
    for bucket in FIELDS:
        if any(cost.nanos_per_mtok(bucket) > price.nanos_per_mtok(bucket) for cost in known):
            found.append(str(LABELS[bucket]))
    return found


def versions(model: Model) -> list[tuple[Price, list[str], str]]:
    """Versions, newest first, each with its figures and state: scheduled, now or past."""
    now = timezone.now()
    rows = Price.objects.filter(model=model).select_related("site", "created_by")
    seen: set[str | None] = set()
    found = []
    for row in rows.order_by("-effective_from", "-id")[:VERSIONS_MAX]:
        if row.effective_from > now:
            state = "scheduled"
        else:
            state = "past" if row.site_id in seen else "now"
            seen.add(row.site_id)
        found.append((row, shown(row.components), state))
    return found


def _initial(model: Model) -> dict[str, str]:
    """The default in force: what most changes start from."""
    chain = prices.chain(model, None)
    current = next((row for row in chain if row.effective_from <= timezone.now()), None)
    return initial_of(current.components) if current else {}


def _publish(request: HttpRequest, model: Model, form: PriceForm) -> bool:
    try:
        prices.publish(
            model,
            site=form.cleaned_data["site"],
            components=form.components,
            effective_from=form.cleaned_data["effective_from"],
            actor=cast(User, request.user),
        )
    except PriceError:
        # The form has checked the rest: what remains is an instant that is taken or went by.
        form.add_error("effective_from", _("Another version begins then, or it has passed."))
        return False
    messages.success(request, _("The price is published."))
    return True
