"""Further public names of models, everywhere or on one site."""

from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Fields, Text
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView
from accounts.models import Site
from accounts.scopes import Scope
from billing.models import Model
from relay import aliases
from relay.api.models import MODEL_PATTERN
from relay.models import ModelAlias


class NewAlias(Fields):
    """A name that leads to a model; `site` null: on every site without one."""

    alias = serializers.RegexField(MODEL_PATTERN, max_length=200)
    model = Text(max_length=200)
    site = Text(max_length=40, required=False, allow_null=True, default=None)


class Alias(Fields):
    """A further name of a model."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    alias = Text()
    model = Text(source="model_id")
    site = Text(source="site_id", allow_null=True)


class AliasList(OperatorView):
    @operation("ops.aliases", Scope.OPS_READ, answer=Alias, is_page=True)
    def get(self, call: Call) -> Page:
        """List further names, the newest first."""
        return paging.by_id(ModelAlias.objects.order_by(), call.query)

    @operation(
        "ops.aliases.add",
        Scope.OPS_WRITE,
        body=NewAlias,
        answer=Alias,
        status=201,
        raises=(aliases.AliasTaken,),
    )
    def post(self, call: Call) -> ModelAlias:
        """Let another name stand for a model. Relays know it within a second."""
        body = call.body
        model = get_object_or_404(Model, pk=body["model"])
        site = get_object_or_404(Site, pk=body["site"]) if body["site"] else None
        return aliases.add(model, body["alias"], site, by=call.by)


class AliasDetail(OperatorView):
    @operation("ops.aliases.remove", Scope.OPS_WRITE, status=204)
    def delete(self, call: Call, alias_id: int) -> None:
        """Let a name lead nowhere. Calls under way end under it."""
        aliases.remove(get_object_or_404(ModelAlias, pk=alias_id), by=call.by)
