"""Reads one key from Postgres and says what its holder may do."""

from datetime import datetime
from ipaddress import ip_network

from accounts.models import ApiKey, RetiredSecret
from accounts.time_zones import zone_of
from billing import budgets, plans
from billing.gate.types import UNLIMITED, Limits
from billing.models import OrganizationPlan, Plan, SiteTerms
from relay.adapters.rights import Rights
from relay.proxy.types import Caller, Standing

_OWNERS = ("organization__site", "created_by")


def load_caller(secret_hash: bytes) -> Caller | None:
    """The caller behind a secret's hash, revoked ones included; None when there is none.

    A secret that was retired opens until its own end, if that is before the key's.
    """
    key = ApiKey.objects.select_related(*_OWNERS).filter(secret_hash=secret_hash).first()
    retired = None if key else _retired(secret_hash)
    if retired is not None:
        key = retired.api_key
    if key is None:
        return None
    organization = key.organization
    plan = _plan_of(organization.id, organization.site_id)
    return Caller(
        key_id=key.id,
        organization_id=organization.id,
        site_id=organization.site_id,
        standing=_standing(key),
        expires_at=_first_end(key.expires_at, retired.expires_at if retired else None),
        allowed_models=None if key.allowed_models is None else frozenset(key.allowed_models),
        rights=Rights(
            key_limits=Limits(key.requests_per_minute, key.tokens_per_minute, key.concurrency),
            organization_limits=plans.limits(plan) if plan else UNLIMITED,
            budget_nanos=key.budget_nanos,
            budget_period=key.budget_period,
            zone=zone_of(organization.time_zone),
            plan_id=plan.pk if plan else "",
            organization_budgets=budgets.limits_of(organization.id),
        ),
        endpoints=None if key.allowed_endpoints is None else frozenset(key.allowed_endpoints),
        networks=(
            None
            if key.allowed_networks is None
            else tuple(ip_network(each) for each in key.allowed_networks)
        ),
        retired_secret=retired.pk if retired else 0,
    )


def _retired(secret_hash: bytes) -> RetiredSecret | None:
    owners = ("api_key", *(f"api_key__{each}" for each in _OWNERS))
    return RetiredSecret.objects.select_related(*owners).filter(secret_hash=secret_hash).first()


def _first_end(*ends: datetime | None) -> float | None:
    return min((each.timestamp() for each in ends if each), default=None)


def _standing(key: ApiKey) -> Standing:
    if key.revoked_at is not None:
        return Standing.REVOKED
    if not key.organization.site.is_active:
        return Standing.SITE_SUSPENDED
    if not key.organization.is_active:
        return Standing.SUSPENDED
    if key.organization.is_frozen:
        return Standing.FROZEN
    maker = key.created_by
    is_active = key.is_active and (maker is None or maker.is_active)
    return Standing.ACTIVE if is_active else Standing.DISABLED


def _plan_of(organization_id: str, site_id: str) -> Plan | None:
    """The organization's own plan, else its site's."""
    chosen = OrganizationPlan.objects.select_related("plan").filter(pk=organization_id).first()
    if chosen is not None:
        return chosen.plan
    terms = SiteTerms.objects.select_related("plan").filter(pk=site_id).first()
    return terms.plan if terms else None
