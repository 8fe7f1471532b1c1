"""Versions of what routes cost: read, and taken back before they begin. A route publishes them."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Fields, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView
from accounts.scopes import Scope
from billing.cancelling import VersionBegun
from relay import costs
from relay.api.models import COST
from relay.models import Cost, Route


class CostDocument(Fields):
    """One version of a route's cost; never edited."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    model = Text()
    upstream = Text()
    name = Text(help_text="the upstream's own model name")
    components = serializers.DictField(help_text=COST)
    effective_from = Time()
    created_at = Time()
    cancelled_at = Time(allow_null=True, help_text="taken back before it began")


class RouteCosts(OperatorView):
    @operation("ops.route.costs", Scope.OPS_READ, answer=CostDocument, is_page=True)
    def get(self, call: Call, route_id: int) -> Page:
        """List versions of a route's cost, the newest first."""
        return paging.by_id(of_route(get_object_or_404(Route, pk=route_id)), call.query)


class AnyCost(OperatorView):
    @operation("ops.costs.cancel", Scope.OPS_WRITE, status=204, raises=(VersionBegun,))
    def delete(self, call: Call, cost_id: int) -> None:
        """Cancel a version that has not begun."""
        costs.cancel(get_object_or_404(Cost.every.all(), pk=cost_id), by=call.by)


def of_route(route: Route) -> QuerySet[Cost]:
    """The versions of one route, cancelled ones too."""
    found: QuerySet[Cost] = Cost.every.filter(**costs.key_of(route)._asdict())
    return found
