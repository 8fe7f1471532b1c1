"""Staff pages of a model's routes: add, change, remove, and what each has cost."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing import price_words
from billing.models import Model
from billing.price_versions import PriceError
from billing.price_words import Part
from billing.web.start_field import StartField
from billing.web.taking_back import take_back
from relay import costs, routes
from relay.catalog.specs import SMALL_MAX
from relay.models import Cost, Route, Upstream
from relay.web.component_form import ComponentForm, initial_of


class RouteForm(ComponentForm):
    """How an upstream serves a model, and what it charges us."""

    may_be_unknown = True

    name = forms.CharField(
        label=gettext_lazy("The upstream's model name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    priority = forms.IntegerField(
        label=gettext_lazy("Priority"),
        min_value=0,
        max_value=SMALL_MAX,
        initial=0,
        help_text=gettext_lazy("Lower numbers are tried first."),
    )
    weight = forms.IntegerField(
        label=gettext_lazy("Weight"),
        min_value=0,
        max_value=SMALL_MAX,
        initial=1,
        help_text=gettext_lazy("How routes of one priority share the calls."),
    )
    cost_from = StartField()

    def settings(self) -> dict[str, Any]:
        """The arguments that `routes.add` and `routes.update` share."""
        names = ("name", "priority", "weight", "cost_from")
        values = {name: self.cleaned_data[name] for name in names}
        return {**values, "cost": self.components}


class NewRouteForm(RouteForm):
    """The same with the upstream, which never changes."""

    upstream = forms.ModelChoiceField(
        label=gettext_lazy("Upstream"),
        queryset=Upstream.objects.order_by("id"),
        empty_label=gettext_lazy("Choose an upstream"),
    )


class EditRouteForm(RouteForm):
    """The same with whether it is used."""

    is_active = forms.BooleanField(label=gettext_lazy("Takes calls"), required=False)


@require_http_methods(["GET", "POST"])
@operator_page
def create_route(request: HttpRequest, model_id: str) -> HttpResponse:
    """Add one to a model."""
    model = get_object_or_404(Model, pk=model_id)
    form = NewRouteForm(request.POST or None, initial={"name": model.pk})
    by = audit.actor_of(request)
    if request.method == "POST" and form.is_valid():
        upstream = form.cleaned_data["upstream"]
        if _done(form, lambda: routes.add(model, upstream, **form.settings(), by=by)):
            messages.success(request, _("The route is added."))
            return redirect("ops_model", model.pk)
    context = {"form": form, "model": model}
    return render_page(request, "ops/route.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@operator_page
def edit_route(request: HttpRequest, route_id: int) -> HttpResponse:
    """Change one."""
    route = get_object_or_404(Route.objects.select_related("model", "upstream"), pk=route_id)
    key = costs.key_of(route)
    names = ("name", "priority", "weight", "is_active")
    initial = {name: getattr(route, name) for name in names} | initial_of(
        costs.components_of(route)
    )
    form = EditRouteForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        is_active, by = form.cleaned_data["is_active"], audit.actor_of(request)
        if _done(form, lambda: routes.update(route, is_active=is_active, **form.settings(), by=by)):
            messages.success(request, _("The route is saved."))
            return redirect("ops_model", route.model_id)
    context = {"form": form, "model": route.model, "route": route, "versions": versions(key)}
    return render_page(request, "ops/route.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@operator_page
def remove_route(request: HttpRequest, route_id: int) -> HttpResponse:
    """Ask, then remove."""
    route = get_object_or_404(Route.objects.select_related("model", "upstream"), pk=route_id)
    if request.method == "GET":
        return render_page(request, "ops/route_remove.html", {"route": route})
    routes.remove(route, by=audit.actor_of(request))
    messages.success(request, _("The route is removed."))
    return redirect("ops_model", route.model_id)


@require_POST
@operator_page
def cancel_cost(request: HttpRequest, cost_id: int) -> HttpResponse:
    """Take back a cost that has not begun; back to its route, or to the model of one that is
    gone."""
    version = get_object_or_404(Cost.every.all(), pk=cost_id)
    by = audit.actor_of(request)
    take_back(request, lambda: costs.cancel(version, by=by), _("The scheduled cost is cancelled."))
    rows = Route.objects.filter(model=version.model, upstream=version.upstream)
    route = rows.filter(name=version.name).first()
    if route is None:
        return redirect("ops_model", version.model)
    return redirect("ops_route", route.pk)


def versions(route: costs.RouteKey) -> list[tuple[Cost, list[Part], str]]:
    """What the route has cost, newest first, each with its amounts and state."""
    now = timezone.now()
    found = []
    current = "now"
    for row in costs.chain(route, rows_max=costs.VERSIONS_MAX):
        if row.cancelled_at is not None:
            state = "cancelled"
        elif row.effective_from > now:
            state = "scheduled"
        else:
            state, current = current, "past"
        found.append((row, list(price_words.parts(row.components)), state))
    return found


def _done(form: RouteForm, act: Callable[[], object]) -> bool:
    """Whether the act went through; if not, the form says why."""
    try:
        act()
    except IntegrityError:
        text = _("The model has a route to this upstream and name already.")
        form.add_error(None, ValidationError(text))
    except PriceError:
        # The form has checked the rest: what remains is an instant that is taken or went by.
        form.add_error("cost_from", _("Another version begins then, or it has passed."))
    else:
        return True
    return False
