"""Where calls go: a call tried without making it, and the attempts of one that was made."""

from typing import Any

import msgspec
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api.fields import Count, Fields, Flag, Nanos, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.problems import Problem, not_found
from accounts.api.views import OperatorView
from accounts.models import Site
from accounts.scopes import Scope
from billing import passed_over
from billing.models import Model, UsageRecord
from relay import call_trails, dry_run, health_reports
from relay.proxy import preferences
from relay.proxy.errors import ApiError

PERCENT_MAX = 100


class NewDryRun(Fields):
    """A call that nobody makes."""

    model = Text(max_length=200)
    site = Text(max_length=40)
    provider = serializers.DictField(
        required=False, help_text="as in a request's body: order, only, ignore, allow_fallbacks"
    )
    x_ai_provider = Text(required=False, max_length=60, help_text="as the header of a request")
    relay = Text(required=False, max_length=200, help_text="by its report; else the first")


class LineDocument(Fields):
    """One route, and what would come of it."""

    route = Fields.integer(source="route.pk", max_value=2**63 - 1)
    upstream = Text(source="route.upstream_id")
    name = Text(source="route.name")
    priority = Count(source="route.priority")
    weight = Count(source="route.weight")
    is_active = Flag(source="route.is_active")
    verdict = serializers.ChoiceField([each.value for each in dry_run.Verdict])
    until = Time(allow_null=True, help_text="when one that rests is asked again")
    percents = serializers.ListField(
        child=Count(max_value=PERCENT_MAX),
        help_text="of calls that ask it first, second, third, where those before it fail",
    )


class DryRunDocument(Fields):
    """What the call would meet. Nothing was sent."""

    closed = serializers.ChoiceField([each.value for each in dry_run.Closed], allow_null=True)
    refused = Text(allow_blank=True, help_text="the code of its error, if its wishes bring one")
    tries_max = Count()
    lines = LineDocument(many=True)


class StepDocument(Fields):
    """One attempt, how it ended, and what that led to."""

    upstream = Text()
    status = Count(help_text="the upstream's; 0: none")
    code = Text(allow_blank=True)
    latency_ms = Count()
    cost_nanos = Nanos()
    reason = Text()
    then = Text()


class PassedOverDocument(Fields):
    """A route that came before and was not asked."""

    upstream = Text()
    reason = Text(help_text="a verdict of a dry run, or not_able")
    words = Text()


class TrailDocument(Fields):
    """A call that was made, attempt by attempt."""

    request_id = Text()
    model = Text()
    steps = StepDocument(many=True)
    passed_over = PassedOverDocument(many=True)


class DryRun(OperatorView):
    @operation("ops.routing.dry_run", Scope.OPS_READ, body=NewDryRun, answer=DryRunDocument)
    def post(self, call: Call) -> dry_run.Outcome:
        """Find where a call would go now, and why not elsewhere, without making it."""
        body = call.body
        reports = health_reports.read()
        by_relay = {report.relay: report for report in reports}
        report = by_relay.get(body.get("relay", "")) or next(iter(reports), None)
        return dry_run.run(
            dry_run.Question(
                model=get_object_or_404(Model, pk=body["model"]),
                site=get_object_or_404(Site, pk=body["site"]),
                wishes=_wishes(body),
                report=report,
                relays=max(1, len(reports)),
            )
        )


class Trail(OperatorView):
    @operation("ops.routing.request", Scope.OPS_READ, answer=TrailDocument)
    def get(self, call: Call, request_id: str) -> dict[str, Any]:
        """Read a call's attempts, each with its reason."""
        record = UsageRecord.objects.filter(pk=request_id[:40]).first()
        if record is None:
            raise not_found()
        return {
            "request_id": record.pk,
            "model": record.model,
            "steps": call_trails.steps(record),
            "passed_over": passed_over.of(record),
        }


def _wishes(body: dict[str, Any]) -> preferences.Wishes:
    asked = msgspec.json.encode({"provider": body["provider"]}) if "provider" in body else b""
    try:
        found = preferences.take(asked)[1]
    except ApiError as error:
        words = str(error.detail)
        raise Problem(
            422, "refused", "The provider is refused.", errors=[("provider", "unusable", words)]
        ) from error
    return preferences.with_header(found, body.get("x_ai_provider", "").encode())
