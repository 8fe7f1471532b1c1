"""Postgres tells of every committed change of a right or of the catalog, and of no other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone

from accounts import api_keys, audit, key_rotation
from accounts.models import ApiKey, Organization, RetiredSecret, SiteDomain
from billing import adjustments, prices, site_models
from billing.models import OrganizationBudget, OrganizationPlan, Plan, SiteTerms
from relay import costs
from relay.adapters.changes import CHANNEL
from relay.models import Route, Upstream
from tests.factories import accounts, billing
from tests.relay.adapters.listening import database_url

pytestmark = pytest.mark.django_db(transaction=True)
NOTICE_S = 30.0
BY = audit.command("test")


@dataclass(frozen=True, slots=True)
class Listening:
    link: "psycopg.Connection[tuple[object, ...]]"

    def heard(self) -> set[str]:
        """What was told until now: a notice of our own marks the end."""
        self.link.execute(f"NOTIFY {CHANNEL}, 'end'")
        told: list[str] = []
        for notice in self.link.notifies(timeout=NOTICE_S):
            if notice.payload == "end":
                return set(told)
            told.append(notice.payload)
        raise AssertionError("our own notice did not arrive")


@pytest.fixture
def key() -> ApiKey:
    return accounts.api_key(accounts.organization("Acme"))


@pytest.fixture
def listening(key: ApiKey) -> Iterator[Listening]:
    """Begins when key and organization are there."""
    with psycopg.connect(database_url(), autocommit=True) as link:
        link.execute(f"LISTEN {CHANNEL}")
        yield Listening(link)


KEY_CHANGES: dict[str, Callable[[ApiKey], object]] = {
    "disabled": lambda key: api_keys.set_active(key, is_active=False, by=BY),
    "models": lambda key: ApiKey.objects.filter(pk=key.pk).update(allowed_models=["small"]),
    "endpoints": lambda key: ApiKey.objects.filter(pk=key.pk).update(allowed_endpoints=["chat"]),
    "networks": lambda key: ApiKey.objects.filter(pk=key.pk).update(allowed_networks=["::1/128"]),
    "rotated": lambda key: key_rotation.rotate(key, overlap=timedelta(days=1), by=BY),
    "end of an old secret": lambda key: RetiredSecret.objects.update(expires_at=timezone.now()),
    "limit": lambda key: ApiKey.objects.filter(pk=key.pk).update(concurrency=3),
    "budget": lambda key: ApiKey.objects.filter(pk=key.pk).update(
        budget_nanos=1, budget_period="day"
    ),
    "revoked": lambda key: api_keys.revoke(key, by=BY),
    "expiry": lambda key: ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now()),
    "deleted": lambda key: ApiKey.objects.filter(pk=key.pk).delete(),
}


def test_a_changed_key_is_named(key: ApiKey, listening: Listening) -> None:
    name = f"key:{key.pk}"
    for what, change in KEY_CHANGES.items():
        change(key)
        assert listening.heard() == {name}, what


def test_a_key_that_is_used_or_renamed_is_no_news(key: ApiKey, listening: Listening) -> None:
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())
    ApiKey.objects.filter(pk=key.pk).update(name="another")
    key_rotation.rotate(key, overlap=timedelta(days=1), by=BY)
    listening.heard()
    RetiredSecret.objects.update(last_used_at=timezone.now())
    assert listening.heard() == set()


def test_a_changed_organization_is_named(key: ApiKey, listening: Listening) -> None:
    for field in ({"is_active": False}, {"time_zone": "Asia/Shanghai"}):
        Organization.objects.filter(pk=key.organization_id).update(**field)
        assert listening.heard() == {f"organization:{key.organization_id}"}, field


def test_an_organization_that_is_put_on_a_plan_is_named(key: ApiKey, listening: Listening) -> None:
    plan = Plan.objects.create(id="gold", concurrency=1)
    listening.heard()
    OrganizationPlan.objects.create(organization=key.organization, plan=plan)
    assert listening.heard() == {f"organization:{key.organization_id}"}
    OrganizationPlan.objects.all().delete()
    assert listening.heard() == {f"organization:{key.organization_id}"}


def test_an_organization_whose_budget_changes_is_named(key: ApiKey, listening: Listening) -> None:
    name = f"organization:{key.organization_id}"
    day = {"organization": key.organization, "period": "day"}
    OrganizationBudget.objects.create(**day, limit_nanos=1)
    assert listening.heard() == {name}
    OrganizationBudget.objects.filter(**day).update(limit_nanos=2)
    assert listening.heard() == {name}
    OrganizationBudget.objects.filter(**day).delete()
    assert listening.heard() == {name}


def test_everything_that_is_sold_is_catalog(key: ApiKey, listening: Listening) -> None:
    plan = Plan.objects.create(id="gold")
    assert listening.heard() == {"catalog"}
    Plan.objects.filter(pk=plan.pk).update(requests_per_minute=1)
    assert listening.heard() == {"catalog"}
    site = key.organization.site
    SiteDomain.objects.create(domain="acme.localhost", site=site)
    assert listening.heard() == {"catalog"}
    terms = SiteTerms.objects.create(site=site, plan=plan)
    assert listening.heard() == {"catalog"}
    price = billing.default_price()
    assert listening.heard() == {"catalog"}
    terms.models.add(price.model)
    assert listening.heard() == {"catalog"}
    site_models.set_look(site, price.model, {"is_hidden": True}, by=BY)
    assert listening.heard() == {"catalog"}
    upstream = Upstream.objects.create(id="demo", base_url="http://127.0.0.1:1/v1")
    assert listening.heard() == {"catalog"}
    route = Route.objects.create(model=price.model, upstream=upstream, name="m")
    assert listening.heard() == {"catalog"}
    costs.publish(costs.key_of(route), {"request": 1})
    assert listening.heard() == {"catalog"}
    adjustments.publish(plan, adjustment_bp=-1_000)
    assert listening.heard() == {"catalog"}
    prices.publish(price.model, organization=key.organization, components={"request": 1})
    assert listening.heard() == {"catalog"}


def test_what_is_rolled_back_is_never_told(key: ApiKey, listening: Listening) -> None:
    with transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())
        transaction.set_rollback(True)
    assert listening.heard() == set()
