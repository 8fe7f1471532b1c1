"""Many prices changed at once: shown first, published if the caller says so."""

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api.fields import Count, Fields, Flag, Nanos, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.problems import Problem
from accounts.api.views import OperatorView, SiteView
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing import bulk_prices, site_models
from billing.bulk_prices import Basis, Line
from billing.errors import BillingError
from billing.models import Model
from billing.price_rules import Amount, Direction, Percent, Rule, Step, parse_step
from billing.price_versions import IMAGE, MINIMUM, Bucket, PriceError, PriceVersion
from relay import below_cost
from relay.api.prices import ACCEPTS_LOSS
from relay.below_cost import BelowCost

STEP = "a change such as `+10%` or `-2.5%`, or a decimal amount"
STEPPED = [*(bucket.value for bucket in Bucket), IMAGE, MINIMUM]
STEP_CHARS_MAX = 24
REFUSALS = (PriceError, BelowCost)


class BulkChange(Fields):
    """What is done to the prices of one scope."""

    models = serializers.ListField(
        child=Text(max_length=200),
        required=False,
        max_length=bulk_prices.MODELS_MAX,
        help_text=f"ids; left out: every model of the scope, if at most {bulk_prices.MODELS_MAX}",
    )
    owned_by = Text(required=False, max_length=100, help_text="only this vendor's models")
    basis = serializers.ChoiceField([each.value for each in Basis], required=False, default="now")
    others = Text(required=False, max_length=STEP_CHARS_MAX, help_text="a change of everything")
    steps = serializers.DictField(
        child=Text(max_length=STEP_CHARS_MAX), required=False, default=dict, help_text=STEP
    )
    rounding_nanos = Nanos(required=False)
    direction = serializers.ChoiceField(
        [each.value for each in Direction], required=False, default="nearest"
    )
    effective_from = Time(required=False)
    reason = Text(max_length=500, required=False, allow_blank=True, default="")
    is_published = Flag(required=False, default=False, help_text="false: only show what would be")
    accepts_loss = Flag(required=False, default=False, help_text=ACCEPTS_LOSS)


class BulkOpsChange(BulkChange):
    """The same for operators, who say for which site; without one, the defaults."""

    site = Text(required=False, max_length=40)


class LineDocument(Fields):
    """One model's price."""

    model = Text()
    before = serializers.DictField(help_text="components that count before")
    after = serializers.DictField(help_text="the scope's own components after; empty: ended")
    problem = Text(allow_blank=True, help_text="why it is left out")
    below_cost = serializers.ListField(child=Text(), help_text="kinds of use that lose money")


class BulkDocument(Fields):
    """What was published, or would be."""

    is_published = Flag()
    unchanged = Count()
    lines = LineDocument(many=True)


class SitePriceChange(SiteView):
    @operation(
        "site.prices.change",
        Scope.PRICES_WRITE,
        act=StaffAct.CHANGE_PRICES,
        body=BulkChange,
        answer=BulkDocument,
        raises=REFUSALS,
    )
    def post(self, call: Call) -> dict[str, Any]:
        """Change many of the site's prices at once, or see what that would do."""
        return changed(call, call.site)


class PriceChange(OperatorView):
    @operation(
        "ops.prices.change",
        Scope.OPS_WRITE,
        body=BulkOpsChange,
        answer=BulkDocument,
        raises=REFUSALS,
    )
    def post(self, call: Call) -> dict[str, Any]:
        """Change many default prices at once, or those of one site."""
        named = call.body.get("site")
        return changed(call, get_object_or_404(Site, pk=named) if named else None)


def changed(call: Call, site: Site | None) -> dict[str, Any]:
    body = call.body
    at: datetime | None = body.get("effective_from")
    lines = bulk_prices.work_out(
        chosen(body, site), rule_of(body), site=site, basis=Basis(body["basis"]), at=at
    )
    losses = losses_of(lines)
    if body["is_published"]:
        if losses and not body["accepts_loss"]:
            raise BelowCost(f"Below cost: {', '.join(sorted(losses))[:500]}.")
        bulk_prices.publish(lines, site=site, at=at, by=call.by, reason=body["reason"])
    told = [line for line in lines if line.is_changed or line.problem]
    return {
        "is_published": body["is_published"],
        "unchanged": len(lines) - len(told),
        "lines": [
            {
                "model": line.model.pk,
                "before": line.before,
                "after": line.after,
                "problem": line.problem,
                "below_cost": losses.get(line.model.pk, []),
            }
            for line in told
        ],
    }


def chosen(body: dict[str, Any], site: Site | None) -> list[Model]:
    """The models of the scope that the body names; 422 for more than one change may have."""
    rows = site_models.sold(site) if site else Model.objects.order_by("id")
    if "models" in body:
        rows = rows.filter(pk__in=body["models"])
    if (owned_by := body.get("owned_by")) is not None:
        rows = rows.filter(owned_by=owned_by)
    found = list(rows[: bulk_prices.MODELS_MAX + 1])
    if len(found) > bulk_prices.MODELS_MAX:
        words = f"More than {bulk_prices.MODELS_MAX} models: name them in several changes."
        raise Problem(422, "refused", words, errors=[("models", "too_many", words)])
    return found


def rule_of(body: dict[str, Any]) -> Rule:
    """The rule; 422 names the step that cannot be read."""
    if unknown := set(body["steps"]) - set(STEPPED):
        raise _refused("steps", f"There is no component {min(unknown)[:60]!r}.")
    others = _step("others", body["others"]) if "others" in body else Percent(0)
    if isinstance(others, Amount):
        raise _refused("others", "Everything can only move by a percentage.")
    return Rule(
        steps={name: _step(f"steps.{name}", text) for name, text in body["steps"].items()},
        others=others,
        rounding_nanos=body.get("rounding_nanos", 1),
        direction=Direction(body["direction"]),
    )


def losses_of(lines: list[Line]) -> dict[str, list[str]]:
    """The kinds of use below cost, of lines that would be published with amounts."""
    costs = below_cost.known_costs(line.model.pk for line in lines)
    found = {
        line.model.pk: below_cost.words(PriceVersion(0, line.after), costs.get(line.model.pk, []))
        for line in lines
        if line.is_changed and line.after
    }
    return {model_id: words for model_id, words in found.items() if words}


def _step(field: str, text: str) -> Step:
    try:
        return parse_step(text)
    except BillingError as error:
        raise _refused(field, str(error)) from error


def _refused(field: str, words: str) -> Problem:
    return Problem(422, "refused", words, errors=[(field, "bad_step", words)])
