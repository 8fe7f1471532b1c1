"""Staff pages of plans: their limits, what each takes off or adds to prices, and the next such
adjustment. Limits themselves are the catalog's."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing import adjustments
from billing.models import Model, Plan, PlanAdjustment
from billing.percent import PercentError, format_percent, parse_percent
from billing.price_versions import PriceError
from billing.web.start_field import StartField
from billing.web.taking_back import take_back

# A deployment has a handful; adjustments change a few times a year.
PLANS_MAX = 200
VERSIONS_MAX = 200
# "-100.00", "+1000.00"
PERCENT_CHARS_MAX = 8


class AdjustmentForm(forms.Form):
    """A plan's next adjustment; `percent` comes as basis points."""

    model = forms.ModelChoiceField(
        label=gettext_lazy("Model"),
        queryset=Model.objects.all(),
        required=False,
        # Typed: a list of thousands is longer than the rest of the page together.
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "placeholder": gettext_lazy("every model without one of its own"),
            }
        ),
    )
    percent = forms.CharField(
        label=gettext_lazy("Adjustment"),
        max_length=PERCENT_CHARS_MAX,
        help_text=gettext_lazy("-10 is a tenth less, 5.5 is more, 0 is the list price."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    effective_from = StartField()

    def clean_percent(self) -> int:
        """Two decimals, from nothing to pay up to eleven times the price."""
        try:
            basis_points = parse_percent(self.cleaned_data["percent"])
        except PercentError:
            basis_points = adjustments.ADJUSTMENT_BP_MAX + 1
        if not adjustments.ADJUSTMENT_BP_MIN <= basis_points <= adjustments.ADJUSTMENT_BP_MAX:
            raise forms.ValidationError(_("Not a percentage between -100 and 1000, e.g. -12.5."))
        return basis_points


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """An adjustment as it is shown; `state` is scheduled, now, past or cancelled."""

    row: PlanAdjustment
    percent: str
    state: str


@require_safe
@operator_page
def plan_list(request: HttpRequest) -> HttpResponse:
    """Every plan with its limits and the adjustments in force."""
    by_plan: dict[str, list[tuple[str | None, str]]] = {}
    for (plan_id, model_id), adjustment_bp in adjustments.all_in_force(timezone.now()).items():
        by_plan.setdefault(plan_id, []).append((model_id, signed(adjustment_bp)))
    rows = [
        (plan, sorted(by_plan.get(plan.pk, []), key=lambda each: each[0] or ""))
        for plan in Plan.objects.order_by("id")[:PLANS_MAX]
    ]
    return render_page(request, "ops/plans.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@operator_page
def plan_detail(request: HttpRequest, plan_id: str) -> HttpResponse:
    """A plan's adjustments; a POST publishes one."""
    plan = get_object_or_404(Plan, pk=plan_id)
    form = AdjustmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _publish(request, plan, form):
        return redirect("ops_plan", plan.pk)
    context: dict[str, Any] = {"plan": plan, "form": form, "versions": versions(plan)}
    return render_page(request, "ops/plan.html", context, status=422 if form.is_bound else 200)


@require_POST
@operator_page
def cancel_adjustment(request: HttpRequest, adjustment_id: int) -> HttpResponse:
    """Take back an adjustment that has not begun."""
    version = get_object_or_404(PlanAdjustment.every.all(), pk=adjustment_id)
    by = audit.actor_of(request)
    take_back(
        request,
        lambda: adjustments.cancel(version, by=by),
        _("The scheduled adjustment is cancelled."),
    )
    return redirect("ops_plan", version.plan_id)


def versions(plan: Plan) -> list[AdjustmentRow]:
    """The plan's adjustments, newest first."""
    now = timezone.now()
    seen: set[str | None] = set()
    found = []
    for row in adjustments.chain(plan, rows_max=VERSIONS_MAX):
        if row.cancelled_at is not None:
            state = "cancelled"
        elif row.effective_from > now:
            state = "scheduled"
        else:
            state = "past" if row.model_id in seen else "now"
            seen.add(row.model_id)
        found.append(AdjustmentRow(row, signed(row.adjustment_bp), state))
    return found


def signed(adjustment_bp: int) -> str:
    """`+5.5`, `-10`, `0`."""
    return ("+" if adjustment_bp > 0 else "") + format_percent(adjustment_bp)


def _publish(request: HttpRequest, plan: Plan, form: AdjustmentForm) -> bool:
    try:
        adjustments.publish(
            plan,
            adjustment_bp=form.cleaned_data["percent"],
            model=form.cleaned_data["model"],
            effective_from=form.cleaned_data["effective_from"],
            by=audit.actor_of(request),
        )
    except PriceError:
        # The form has checked the rest: what remains is an instant that is taken or went by.
        form.add_error("effective_from", _("Another version begins then, or it has passed."))
        return False
    messages.success(request, _("The adjustment is published."))
    return True
