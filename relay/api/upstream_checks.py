"""How an upstream does, test calls to it, and models taken over from its own list."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api.fields import Count, Fields, Flag, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.problems import Problem
from accounts.api.views import OperatorView
from accounts.scopes import Scope
from relay import health_reports, model_import, upstream_checks, upstream_health, upstreams
from relay.models import Upstream
from relay.proxy.breaker import State

NAME_CHARS_MAX = 200  # as a route's


class FindingDocument(Fields):
    """Something that one relay leaves alone, why, and until when."""

    relay = Text()
    credential = Text(allow_blank=True, help_text="its label; empty: the upstream as a whole")
    state = serializers.ChoiceField([each.value for each in State])
    reason = Text()
    since = Time()
    until = Time(help_text="the next try")


class HealthDocument(Fields):
    """An upstream as the relays that report find it."""

    state = serializers.ChoiceField([each.value for each in State], help_text="the worst of any")
    is_active = Flag()
    calls_under_way = Count(help_text="of all relays; a paused upstream is drained at 0")
    relays = Count(help_text="that have reported in the last seconds")
    findings = FindingDocument(many=True)


class NewTest(Fields):
    """Which model to ask, by the upstream's own name."""

    name = Text(max_length=NAME_CHARS_MAX)


class TestDocument(Fields):
    """How the call went. What the upstream said holds no credential of ours."""

    ok = Flag()
    status = Count(help_text="HTTP status; 0: no answer")
    latency_ms = Count()
    sample = Text(allow_blank=True)
    error = Text(allow_blank=True)


class ListedDocument(Fields):
    """A name on an upstream's list, and how it stands to what is sold."""

    name = Text()
    state = serializers.ChoiceField([each.value for each in model_import.State])


class ModelsDocument(Fields):
    """What an upstream lists."""

    listed = ListedDocument(many=True)
    gone = serializers.ListField(
        child=serializers.CharField(), help_text="names of routes that are no longer on the list"
    )


class NewImport(Fields):
    """The upstream's own names of models to take over, switched off."""

    names = serializers.ListField(  # type: ignore[assignment]  # not `Fields.names`
        child=serializers.CharField(max_length=NAME_CHARS_MAX),
        min_length=1,
        max_length=model_import.TAKEN_MAX,
    )


class ImportDocument(Fields):
    """What was made: models that are switched off, and routes of models that are sold."""

    models = serializers.ListField(child=serializers.CharField())
    routes = serializers.ListField(child=serializers.CharField())


class UpstreamHealth(OperatorView):
    @operation("ops.upstream.health", Scope.OPS_READ, answer=HealthDocument)
    def get(self, call: Call, upstream_id: str) -> dict[str, Any]:
        """Read how the relays find an upstream."""
        row = get_object_or_404(Upstream, pk=upstream_id)
        standing = upstream_health.standing_of(row, health_reports.read())
        return {
            "state": standing.state,
            "is_active": row.is_active,
            "calls_under_way": standing.busy,
            "relays": standing.relays,
            "findings": standing.findings,
        }


class UpstreamTest(OperatorView):
    # Durable: no transaction stays open while a vendor takes its time.
    @operation(
        "ops.upstream.test",
        Scope.OPS_WRITE,
        body=NewTest,
        answer=TestDocument,
        is_durable=True,
    )
    def post(self, call: Call, upstream_id: str) -> upstream_checks.CheckResult:
        """Make a test call of a few tokens, which the vendor charges."""
        row = get_object_or_404(Upstream, pk=upstream_id)
        return upstreams.test_call(row, call.body["name"], by=call.by)


class UpstreamModels(OperatorView):
    @operation("ops.upstream.models", Scope.OPS_READ, answer=ModelsDocument, is_durable=True)
    def get(self, call: Call, upstream_id: str) -> dict[str, Any]:
        """Ask an upstream for its models, compared with what is sold."""
        row = get_object_or_404(Upstream, pk=upstream_id)
        result = upstream_checks.list_models(row)
        if not result.ok:
            raise Problem(409, "upstream_failed", result.error)
        compared = model_import.compare(row, result.models)
        return {"listed": compared.listed, "gone": [route.name for route in compared.gone]}

    @operation(
        "ops.upstream.models.import",
        Scope.OPS_WRITE,
        body=NewImport,
        answer=ImportDocument,
        status=201,
    )
    def post(self, call: Call, upstream_id: str) -> model_import.Taken:
        """Take models over. Nobody can call one before it has a price and is switched on."""
        row = get_object_or_404(Upstream, pk=upstream_id)
        return model_import.take(row, call.body["names"], by=call.by)
