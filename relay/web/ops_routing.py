"""Staff pages of where calls go: a model's routes in order, a call tried without making it, and
the attempts of one that was made."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import audit
from accounts.models import Site
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing import passed_over
from billing.models import Model, Refusal, UsageRecord
from billing.reports import staff_calls
from billing.reports.customers import search_text
from relay import call_trails, dry_run, health_reports, routes
from relay.models import Route
from relay.web.routing_forms import CallForm, OrderForm

# A model with more routes than this is a mistake of a catalog.
ROUTES_MAX = 100


@require_http_methods(["GET", "POST"])
@operator_page
def model_routing(request: HttpRequest, model_id: str) -> HttpResponse:
    """The order of a model's routes, and what a call would meet."""
    model = get_object_or_404(Model, pk=model_id)
    data = request.POST if request.method == "POST" else None
    forms = [OrderForm(route, data) for route in _routes_of(model)]
    if data is not None and all([form.is_valid() for form in forms]):
        wanted = {form.route.pk: form.cleaned_data for form in forms}
        if routes.reorder(model, wanted, by=audit.actor_of(request)):
            messages.success(request, _("The order is saved. Every relay keeps to it in a moment."))
        return redirect("ops_routing", model.pk)
    context = {"model": model, "forms": forms} | _tried(request, model)
    return render_page(request, "ops/routing.html", context, status=422 if data else 200)


def _routes_of(model: Model) -> list[Route]:
    rows = Route.objects.filter(model=model).select_related("upstream")
    return list(rows.order_by("priority", "-weight", "id")[:ROUTES_MAX])


def _tried(request: HttpRequest, model: Model) -> dict[str, Any]:
    """The form of the call, filled in with the first site where nothing was asked, and what
    comes of it."""
    reports = health_reports.read()
    first = Site.objects.order_by("name", "id").first()
    asked: Mapping[str, Any] = {"site": first.pk if first else ""} | request.GET.dict()
    form = CallForm(asked, reports)
    outcome = None
    if form.is_valid():
        question = dry_run.Question(
            model=model,
            site=form.cleaned_data["site"],
            wishes=form.wishes(),
            report=form.report(),
            relays=max(1, len(reports)),
        )
        outcome = dry_run.run(question)
    return {"call_form": form, "outcome": outcome, "relays": len(reports)}


@require_safe
@operator_page
def explain_request(request: HttpRequest, request_id: str) -> HttpResponse:
    """The attempts of a call that was made, each with its reason; or by which rule it was
    refused before any."""
    found = staff_calls.find(search_text(request_id), None)
    if found is None:
        raise Http404
    record = found if isinstance(found, UsageRecord) else None
    context = {
        "request_id": request_id,
        "record": record,
        "refusal": found if isinstance(found, Refusal) else None,
        "steps": call_trails.steps(record) if record else [],
        "passed_over": passed_over.of(record) if record else [],
        "model": Model.objects.filter(pk=found.model).first(),
    }
    return render_page(request, "ops/explain.html", context)
