"""Plans: the sets of limits that organizations are on, and what each takes off or adds to prices.
What the limits are is the catalog file's."""

from datetime import datetime

from django.shortcuts import get_object_or_404

from accounts.api import paging
from accounts.api.fields import Count, Fields, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView
from accounts.scopes import Scope
from billing import adjustments
from billing.adjustments import ADJUSTMENT_BP_MAX, ADJUSTMENT_BP_MIN
from billing.cancelling import VersionBegun
from billing.models import Model, Plan, PlanAdjustment
from billing.price_versions import PriceError

BASIS_POINTS = "basis points: -1000 is a tenth less, 0 the list price"


class PlanDocument(Fields):
    """Limits of an organization as a whole; null is no limit."""

    id = Text(source="pk")
    requests_per_minute = Fields.integer(allow_null=True)
    tokens_per_minute = Fields.integer(allow_null=True, max_value=2**63 - 1)
    concurrency = Fields.integer(allow_null=True)


class AdjustmentDraft(Fields):
    """The next one, from now on or from a later instant; `model` null: of every model without one
    of its own."""

    model = Text(max_length=200, required=False, allow_null=True, default=None)
    adjustment_bp = Count(
        min_value=ADJUSTMENT_BP_MIN, max_value=ADJUSTMENT_BP_MAX, help_text=BASIS_POINTS
    )
    effective_from = Time(required=False)


class Adjustment(Fields):
    """One version of what a plan takes off or adds; never edited."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    model = Text(source="model_id", allow_null=True)
    adjustment_bp = Count(min_value=ADJUSTMENT_BP_MIN, help_text=BASIS_POINTS)
    effective_from = Time()
    created_at = Time()
    cancelled_at = Time(allow_null=True, help_text="taken back before it began")


class PlanList(OperatorView):
    @operation("ops.plans", Scope.OPS_READ, answer=PlanDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List plans by id."""
        return paging.by_id(Plan.objects.all(), call.query, kind=str)


class PlanAdjustments(OperatorView):
    @operation("ops.plan.adjustments", Scope.OPS_READ, answer=Adjustment, is_page=True)
    def get(self, call: Call, plan_id: str) -> Page:
        """List a plan's adjustments, the newest first."""
        plan = get_object_or_404(Plan, pk=plan_id)
        return paging.by_id(PlanAdjustment.every.filter(plan=plan), call.query)

    @operation(
        "ops.plan.adjustments.create",
        Scope.OPS_WRITE,
        body=AdjustmentDraft,
        answer=Adjustment,
        status=201,
        raises=(PriceError,),
    )
    def post(self, call: Call, plan_id: str) -> PlanAdjustment:
        """Publish a plan's adjustment. What changes nothing gives the one in force."""
        plan, body = get_object_or_404(Plan, pk=plan_id), call.body
        start: datetime | None = body.get("effective_from")
        return adjustments.publish(
            plan,
            adjustment_bp=body["adjustment_bp"],
            model=get_object_or_404(Model, pk=body["model"]) if body["model"] else None,
            effective_from=start,
            by=call.by,
        )


class AnyAdjustment(OperatorView):
    @operation("ops.adjustments.cancel", Scope.OPS_WRITE, status=204, raises=(VersionBegun,))
    def delete(self, call: Call, adjustment_id: int) -> None:
        """Cancel an adjustment that has not begun."""
        row = get_object_or_404(PlanAdjustment.every.all(), pk=adjustment_id)
        adjustments.cancel(row, by=call.by)
