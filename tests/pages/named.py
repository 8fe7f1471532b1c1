"""One object of each kind that an address may name, all of acme's or of the deployment's."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern, reverse
from django.utils import timezone

from accounts import audit, invitations
from accounts.models import (
    Announcement,
    ApiKey,
    Invitation,
    Organization,
    Role,
    Site,
    SiteDomain,
    SiteStaff,
    User,
)
from billing import adjustments, prices
from billing.models import Model, Plan, PlanAdjustment, Price, RedeemBatch, SiteTerms
from relay.models import Cost, Route, Upstream
from tests.factories import calls
from tests.pages.authorization.addresses import names_in
from tests.pages.authorization.asking import AddressOf
from tests.pages.people import member_of

SECRET = "sk-vendor-12345678"  # the upstream's; no page may show it


@pytest.fixture(autouse=True)
def home(site: Site) -> Site:
    """The cast's site, answering at the test client's host."""
    SiteDomain.objects.create(domain="testserver", site=site)
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(pk="default"))
    return site


@pytest.fixture
def upstream(db: None) -> Upstream:
    # Nobody answers there, and no name is looked up: some operations ask it for its models.
    upstream = Upstream(id="vendor", base_url="http://127.0.0.1:1/v1", provider="openai")
    upstream.set_credential(SECRET)
    upstream.save()
    return upstream


@pytest.fixture
def arguments(upstream: Upstream, acme: Organization, acme_key: ApiKey) -> dict[str, Any]:
    """A value for each name that stands in an address."""
    model = Model.objects.create(pk="openai/gpt-4o")
    watcher = User.objects.create_user("watcher@acme.example", is_operator=True)
    now = timezone.now()
    retired = acme_key.retired_secrets.create(
        secret_hash=b"0" * 32, last_four="0000", retired_at=now, expires_at=now
    )
    colleague = member_of(acme, "colleague@acme.example", Role.VIEWER)
    return {
        "upstream_id": upstream.pk,
        "credential_id": upstream.held()[0].id,
        "model_id": model.pk,
        "alias_id": model.aliases.create(alias="vendor/latest").pk,
        "route_id": Route.objects.create(model=model, upstream=upstream, name="gpt-4o").pk,
        "site_id": acme.site_id,
        "organization_id": acme.pk,
        "request_id": calls.record(acme).pk,
        "event_id": calls.spoiled(acme).pk,
        "plan_id": "default",
        "key_id": acme_key.pk,
        "invitation_id": _invitation(acme).pk,
        "step": "site",
        "token": "nobody-was-given-this",
        "batch_id": RedeemBatch.objects.create(site=acme.site, name="fair", amount_nanos=1).pk,
        "announcement_id": _announcement(acme.site).pk,
        "staff_id": SiteStaff.objects.create(site=acme.site, user=watcher).pk,
        "user_id": watcher.pk,
        "retired_id": retired.pk,
        "session_id": 1,
        "pk": 1,
        "hash": "0" * 16,
        "kind": "terms",
        "language": "en",
        "month": "2026-11",
        "period": "month",
        "cause": "NO_CREDIT",
        "key": "nobody-was-mailed-this",
        "uidb36": "1",
        "version_id": _price(model, acme.site).pk,
        "cost_id": _cost().pk,
        "adjustment_id": _adjustment().pk,
        "member_id": colleague.memberships.get().pk,
    }


def _price(model: Model, site: Site) -> Price:
    return prices.publish(model, site=site, components={"request": 1})


def _cost() -> Cost:
    return Cost.objects.create(
        model="openai/gpt-4o",
        upstream="acme-openai",
        name="gpt-4o",
        components={"request": 1},
        effective_from=timezone.now() + timedelta(days=1),
    )


def _adjustment() -> PlanAdjustment:
    plan, _ = Plan.objects.get_or_create(pk="default")
    start = timezone.now() + timedelta(days=1)
    return adjustments.publish(plan, adjustment_bp=500, effective_from=start)


def _announcement(site: Site) -> Announcement:
    return Announcement.objects.create(
        site=site, kind=Announcement.Kind.NEWS, title={"en": "Hello"}, starts_at=timezone.now()
    )


def _invitation(acme: Organization) -> Invitation:
    return invitations.invite(acme, "new@acme.example", Role.VIEWER, by=audit.command("invite"))


@pytest.fixture
def address_of(arguments: dict[str, Any]) -> AddressOf:
    """The address of a pattern, for something that exists; `other` names what else."""

    def address(pattern: URLPattern, **other: str) -> str:
        given = {name: (arguments | other)[name] for name in names_in(pattern)}
        return reverse(pattern.name or pattern.callback, kwargs=given)

    return address
