"""Reads one key from Postgres and says what its holder may do."""

from zoneinfo import ZoneInfo

from accounts.models import ApiKey
from billing import budgets, plans
from billing.gate.types import UNLIMITED, Limits
from billing.models import OrganizationPlan, Plan, SiteTerms
from relay.adapters.rights import Rights
from relay.proxy.types import Caller, Standing


def load_caller(secret_hash: bytes) -> Caller | None:
    """The caller behind a secret's hash, revoked ones included; None when there is none."""
    key = (
        ApiKey.objects.select_related("organization__site").filter(secret_hash=secret_hash).first()
    )
    if key is None:
        return None
    organization = key.organization
    plan = _plan_of(organization.id, organization.site_id)
    return Caller(
        key_id=key.id,
        organization_id=organization.id,
        site_id=organization.site_id,
        standing=_standing(key),
        expires_at=key.expires_at.timestamp() if key.expires_at else None,
        allowed_models=None if key.allowed_models is None else frozenset(key.allowed_models),
        rights=Rights(
            key_limits=Limits(key.requests_per_minute, key.tokens_per_minute, key.concurrency),
            organization_limits=plans.limits(plan) if plan else UNLIMITED,
            budget_nanos=key.budget_nanos,
            budget_period=key.budget_period,
            zone=ZoneInfo(organization.time_zone),
            plan_id=plan.pk if plan else "",
            organization_budgets=budgets.limits_of(organization.id),
        ),
    )


def _standing(key: ApiKey) -> Standing:
    if key.revoked_at is not None:
        return Standing.REVOKED
    if not key.organization.is_active or not key.organization.site.is_active:
        return Standing.SUSPENDED
    if key.organization.is_frozen:
        return Standing.FROZEN
    return Standing.ACTIVE if key.is_active else Standing.DISABLED


def _plan_of(organization_id: str, site_id: str) -> Plan | None:
    """The organization's own plan, else its site's."""
    chosen = OrganizationPlan.objects.select_related("plan").filter(pk=organization_id).first()
    if chosen is not None:
        return chosen.plan
    terms = SiteTerms.objects.select_related("plan").filter(pk=site_id).first()
    return terms.plan if terms else None
