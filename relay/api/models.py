"""Models and their routes: what is sold, and where its calls go at which cost."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Count, Fields, Flag, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page, PageQuery
from accounts.api.problems import Problem
from accounts.api.views import OperatorView
from accounts.scopes import Scope
from billing.capabilities import Capability
from billing.models import Model
from billing.price_versions import PriceError
from relay import costs, offers, routes
from relay.models import Route, Upstream

COST = "as a price's components, integers of nanos; empty: not known"
COST_FROM = "when the cost takes force; left out: now"
MODEL_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/+@-]{0,199}$"  # as MODEL_ID
WEIGHT_MAX = 2**15 - 1  # PositiveSmallIntegerField
NAME_CHARS_MAX = 200


class Abilities(serializers.ListField):
    """Words of what a model can do beside text."""

    child = serializers.ChoiceField([each.value for each in Capability])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=len(Capability), **kwargs)


class ModelDocument(Fields):
    """Something a customer can call, by its public id."""

    id = Text(source="pk")
    name = Text(allow_blank=True)
    owned_by = Text(allow_blank=True)
    context_tokens = Count()
    max_output_tokens = Count()
    is_active = Flag()
    capabilities = Abilities()
    retires_at = Time(allow_null=True)
    successor = Text(source="successor_id", allow_null=True)
    created_at = Time()


class ModelChange(Fields):
    """What is left out stays as it is."""

    name = Text(max_length=NAME_CHARS_MAX, required=False, allow_blank=True)
    owned_by = Text(max_length=100, required=False, allow_blank=True)
    context_tokens = Count(required=False, min_value=1)
    max_output_tokens = Count(required=False, min_value=1)
    is_active = Flag(required=False, help_text="false: not offered, calls get 404")
    capabilities = Abilities(required=False)
    retires_at = Time(
        required=False, allow_null=True, help_text="from then on calls get 404, with the successor"
    )
    successor = Text(max_length=200, required=False, allow_null=True, help_text="a model's id")


class NewModel(Fields):
    """A model, callable once it has a price and a route."""

    id = serializers.RegexField(MODEL_PATTERN, max_length=200)
    name = Text(max_length=NAME_CHARS_MAX, required=False, allow_blank=True, default="")
    owned_by = Text(max_length=100, required=False, allow_blank=True, default="")
    context_tokens = Count(min_value=1)
    max_output_tokens = Count(min_value=1)
    capabilities = Abilities(required=False, default=list)


class RouteDocument(Fields):
    """One way to serve a model. Lower priorities are tried first; weight splits a tier."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    model = Text(source="model_id")
    upstream = Text(source="upstream_id")
    name = Text(help_text="the upstream's own model name")
    priority = Count()
    weight = Count()
    is_active = Flag()
    cost = serializers.DictField(help_text=COST)

    def to_representation(self, instance: Route) -> Any:
        if not hasattr(instance, "cost"):
            instance.cost = costs.components_of(instance)  # type: ignore[attr-defined]
        return super().to_representation(instance)


class RouteChange(Fields):
    """What is left out stays as it is."""

    name = Text(max_length=NAME_CHARS_MAX, required=False)
    priority = Count(required=False, max_value=WEIGHT_MAX)
    weight = Count(required=False, max_value=WEIGHT_MAX)
    is_active = Flag(required=False)
    cost = serializers.DictField(required=False, help_text=COST)
    cost_from = Time(required=False, help_text=COST_FROM)


class NewRoute(Fields):
    """A new way to serve a model."""

    model = Text(max_length=200)
    upstream = Text(max_length=40)
    name = Text(max_length=NAME_CHARS_MAX)
    priority = Count(required=False, default=0, max_value=WEIGHT_MAX)
    weight = Count(required=False, default=1, max_value=WEIGHT_MAX)
    cost = serializers.DictField(required=False, default=dict, help_text=COST)
    cost_from = Time(required=False, help_text=COST_FROM)


class RouteQuery(PageQuery):
    """Narrows the list."""

    model = Text(required=False, max_length=200)
    upstream = Text(required=False, max_length=40)


class ModelList(OperatorView):
    @operation("ops.models", Scope.OPS_READ, answer=ModelDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List models by id."""
        return paging.by_id(Model.objects.all(), call.query, kind=str)

    @operation(
        "ops.models.create", Scope.OPS_WRITE, body=NewModel, answer=ModelDocument, status=201
    )
    def post(self, call: Call) -> Model:
        """Add a model."""
        given = dict(call.body)
        return offers.create_model(given.pop("id"), **given, by=call.by)


class ModelDetail(OperatorView):
    @operation("ops.model", Scope.OPS_READ, answer=ModelDocument)
    def get(self, call: Call, model_id: str) -> Model:
        """Read one model."""
        return get_object_or_404(Model, pk=model_id)

    @operation(
        "ops.model.change",
        Scope.OPS_WRITE,
        body=ModelChange,
        answer=ModelDocument,
        raises=(offers.BadSuccessor,),
    )
    def patch(self, call: Call, model_id: str) -> Model:
        """Change a model."""
        row = get_object_or_404(Model.objects.select_for_update(), pk=model_id)
        settings = {name: getattr(row, name) for name in ModelChange.names()} | call.body
        if call.body.get("successor"):
            settings["successor"] = named(call.body["successor"])
        offers.update_model(row, **settings, by=call.by)
        return row


class RouteList(OperatorView):
    @operation("ops.routes", Scope.OPS_READ, query=RouteQuery, answer=RouteDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List routes, the newest first."""
        wanted = {name: call.query[name] for name in ("model", "upstream") if name in call.query}
        found = paging.by_id(Route.objects.filter(**wanted), call.query)
        known = costs.of_models((row.model_id for row in found.items), timezone.now())
        for row in found.items:
            version = known.get(costs.key_of(row))
            row.cost = version.components if version else {}
        return found

    @operation(
        "ops.routes.create",
        Scope.OPS_WRITE,
        body=NewRoute,
        answer=RouteDocument,
        status=201,
        raises=(PriceError,),
    )
    def post(self, call: Call) -> Route:
        """Add a route."""
        given = dict(call.body)
        model = get_object_or_404(Model, pk=given.pop("model"))
        upstream = get_object_or_404(Upstream, pk=given.pop("upstream"))
        return routes.add(model, upstream, **given, by=call.by)


class RouteDetail(OperatorView):
    @operation("ops.route", Scope.OPS_READ, answer=RouteDocument)
    def get(self, call: Call, route_id: int) -> Route:
        """Read one route."""
        return get_object_or_404(Route, pk=route_id)

    @operation(
        "ops.route.change",
        Scope.OPS_WRITE,
        body=RouteChange,
        answer=RouteDocument,
        raises=(PriceError,),
    )
    def patch(self, call: Call, route_id: int) -> Route:
        """Change a route; calls under way keep the one they were given."""
        row = get_object_or_404(Route.objects.select_for_update(), pk=route_id)
        settings: dict[str, Any] = {
            name: getattr(row, name) for name in RouteChange.names() if not name.startswith("cost")
        }
        settings |= {"cost": costs.components_of(row)} | call.body
        routes.update(row, **settings, by=call.by)
        return row

    @operation("ops.route.remove", Scope.OPS_WRITE, status=204)
    def delete(self, call: Call, route_id: int) -> None:
        """End a route."""
        routes.remove(get_object_or_404(Route, pk=route_id), by=call.by)


def named(model_id: str) -> Model:
    """The model that a field of the body names; 422 where there is none."""
    row = Model.objects.filter(pk=model_id).first()
    if row is None:
        errors = [("successor", "no_such_model", "There is no model with this id.")]
        raise Problem(422, "refused", "There is no such model.", errors=errors)
    return row
