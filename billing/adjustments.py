"""What a plan adds to or takes off its customers' prices, in basis points, from an instant on."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import audit
from billing import cancelling
from billing.models import Model, Plan, PlanAdjustment
from billing.price_versions import ADJUSTMENT_UNIT, PriceError
from billing.signals import price_published

# From nothing to pay up to eleven times the price: beyond that it is a slip.
ADJUSTMENT_BP_MIN, ADJUSTMENT_BP_MAX = -ADJUSTMENT_UNIT, 10 * ADJUSTMENT_UNIT


def in_force(plan: Plan | None, model: Model, at: datetime) -> int:
    """The basis points that count for `model` at an instant: its own, else the plan's for all."""
    if plan is None:
        return 0
    return adjustment_bp(all_in_force(at), plan.pk, model.pk)


def all_in_force(at: datetime) -> dict[tuple[str, str | None], int]:
    """Every adjustment by (plan, model or None for all models)."""
    rows = (
        PlanAdjustment.objects.filter(effective_from__lte=at)
        .order_by("plan_id", "model_id", "-effective_from")
        .distinct("plan_id", "model_id")
    )
    return {(row.plan_id, row.model_id): row.adjustment_bp for row in rows}


def adjustment_bp(known: Mapping[tuple[str, str | None], int], plan_id: str, model_id: str) -> int:
    """The one that counts for a plan and a model; 0 without any."""
    own = known.get((plan_id, model_id))
    return known.get((plan_id, None), 0) if own is None else own


def chain(plan: Plan, *, rows_max: int) -> list[PlanAdjustment]:
    """The plan's adjustments of every model, the newest first, cancelled ones too."""
    rows = PlanAdjustment.every.filter(plan=plan).select_related("created_by")
    return list(rows.order_by("-effective_from", "-pk")[:rows_max])


def publish(
    plan: Plan,
    *,
    adjustment_bp: int,
    model: Model | None = None,
    effective_from: datetime | None = None,
    by: audit.Actor | None = None,
) -> PlanAdjustment:
    """A new adjustment of one model, or of all without one of their own, by default from now on.

    Idempotent: what would change nothing at that instant gives the one in force then. Raises
    PriceError out of range, and for an instant that has passed or is taken.
    """
    if not ADJUSTMENT_BP_MIN <= adjustment_bp <= ADJUSTMENT_BP_MAX:
        raise PriceError("an adjustment is between -100 % and +1000 %")
    now = timezone.now()
    start = effective_from or now
    if start < now:
        raise PriceError("an adjustment cannot begin in the past")
    with transaction.atomic():
        Plan.objects.select_for_update(no_key=True).get(pk=plan.pk)
        rows = PlanAdjustment.objects.filter(plan=plan, model=model, effective_from__lte=start)
        before = rows.order_by("-effective_from").first()
        if before is not None and before.adjustment_bp == adjustment_bp:
            return before
        if before is not None and before.effective_from == start:
            raise PriceError("another adjustment begins at that very instant")
        row = PlanAdjustment.objects.create(
            plan=plan,
            model=model,
            adjustment_bp=adjustment_bp,
            effective_from=start,
            created_by=by.user if by else None,
        )
        if by is not None:
            audit.record(
                by,
                "adjustment.publish",
                plan,
                before=None if before is None else {"adjustment_bp": before.adjustment_bp},
                after={
                    "adjustment_bp": adjustment_bp,
                    "model": model.pk if model else "all",
                    "effective_from": start.isoformat(),
                },
            )
        _announce()
    return row


@transaction.atomic
def cancel(version: PlanAdjustment, *, by: audit.Actor, reason: str = "") -> None:
    """Take back one that has not begun. Idempotent. Raises VersionBegun."""
    # As `publish`: what it compares with must not be taken back meanwhile.
    Plan.objects.select_for_update(no_key=True).get(pk=version.plan_id)
    if not cancelling.take_back(version):
        return
    before = {
        "adjustment_bp": version.adjustment_bp,
        "model": version.model_id or "all",
        "effective_from": version.effective_from.isoformat(),
    }
    audit.record(by, "adjustment.cancel", version.plan, before=before, reason=reason)
    _announce()


def _announce() -> None:
    transaction.on_commit(
        lambda: price_published.send_robust(sender=PlanAdjustment, model_id=None), robust=True
    )
