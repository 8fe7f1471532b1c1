"""Which plan, and so which limits, an organization is on. Reads, chooses, and makes a first one; to
change plans is the catalog's."""

from django.db import transaction

from accounts import audit
from accounts.models import Organization
from accounts.signals import organization_changed
from billing.gate.types import UNLIMITED, Limits
from billing.models import OrganizationPlan, Plan, SiteTerms


def plan_of(organization: Organization) -> Plan | None:
    """The organization's own plan, else its site's; None when neither has one."""
    own = OrganizationPlan.objects.select_related("plan").filter(organization=organization).first()
    if own is not None:
        return own.plan
    terms = SiteTerms.objects.select_related("plan").filter(site=organization.site_id).first()
    return terms.plan if terms else None


def first_id() -> str | None:
    """Some plan, the same each time; None when there is none."""
    return Plan.objects.order_by("pk").values_list("pk", flat=True).first()


@transaction.atomic
def create(
    plan_id: str,
    *,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    concurrency: int | None,
    by: audit.Actor,
) -> Plan:
    """A plan without adjustments; None is no limit. IntegrityError if there is one of this id."""
    plan = Plan.objects.create(
        id=plan_id,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        concurrency=concurrency,
    )
    limits = ("requests_per_minute", "tokens_per_minute", "concurrency")
    audit.record(by, "plan.create", plan, after=audit.fields_of(plan, *limits))
    return plan


def limits_of(organization: Organization) -> Limits:
    """What the gate checks for the organization as a whole."""
    plan = plan_of(organization)
    return UNLIMITED if plan is None else limits(plan)


def limits(plan: Plan) -> Limits:
    """The plan's limits in the gate's terms."""
    return Limits(
        requests_per_minute=plan.requests_per_minute,
        tokens_per_minute=plan.tokens_per_minute,
        concurrency=plan.concurrency,
    )


def choose(
    organization: Organization,
    plan: Plan | None,
    *,
    by: audit.Actor | None = None,
    reason: str = "",
) -> None:
    """Put the organization on a plan of its own, or (None) back on its site's. Idempotent; relays
    hear of it on commit."""
    with transaction.atomic():
        rows = OrganizationPlan.objects.select_for_update().filter(organization=organization)
        before = rows.values_list("plan_id", flat=True).first()
        after = plan.pk if plan else None
        if before == after:
            return
        if plan is None:
            rows.delete()
        else:
            OrganizationPlan.objects.update_or_create(
                organization=organization, defaults={"plan": plan}
            )
        if by is not None:
            audit.record(
                by,
                "organization.plan",
                organization,
                organization=organization,
                before={"plan": before},
                after={"plan": after},
                reason=reason,
            )
        transaction.on_commit(
            lambda: organization_changed.send_robust(
                sender=Organization, organization=organization
            ),
            robust=True,
        )
