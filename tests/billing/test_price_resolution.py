"""Which price counts: a contract, else the site's own or the default as the plan adjusts it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization
from billing import adjustments, plans, prices
from billing.models import Model, Plan, PlanAdjustment, Price, SiteTerms
from billing.price_versions import PriceError
from tests.factories import billing

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> Model:
    return billing.model()


def publish(model: Model, nanos: int, **scope: Any) -> Price:
    return prices.publish(model, components={"input": nanos, "output": nanos}, **scope)


def paid(model: Model, organization: Organization, at: datetime | None = None) -> int | None:
    """What a million tokens of input cost a Call that is admitted then."""
    version = prices.for_organization(model, organization, at or timezone.now())
    return None if version is None else version.table(0)["input"]


def test_each_scope_goes_before_the_wider_one(
    acme: Organization, globex: Organization, model: Model
) -> None:
    assert paid(model, acme) is None
    publish(model, 1_000)
    assert paid(model, acme) == 1_000
    publish(model, 2_000, site=acme.site)
    assert paid(model, acme) == 2_000
    publish(model, 500, organization=acme)
    assert (paid(model, acme), paid(model, globex)) == (500, 2_000)
    publish(model, 9_000)
    assert (paid(model, acme), paid(model, globex)) == (500, 2_000)


def test_a_contract_alone_does_not_put_a_model_on_sale(acme: Organization, model: Model) -> None:
    publish(model, 500, organization=acme)
    assert paid(model, acme) is None
    publish(model, 1_000)
    assert paid(model, acme) == 500


def test_a_plan_adjusts_list_prices_and_no_contract(
    acme: Organization, globex: Organization, model: Model
) -> None:
    plan = Plan.objects.create(pk="gold")
    SiteTerms.objects.create(site=acme.site, plan=plan)
    adjustments.publish(plan, adjustment_bp=-1_000)
    publish(model, 1_000)
    publish(model, 700, organization=acme)
    assert (paid(model, acme), paid(model, globex)) == (700, 900)
    publish(model, 2_000, site=acme.site)
    assert (paid(model, acme), paid(model, globex)) == (700, 1_800)
    adjustments.publish(plan, model=model, adjustment_bp=550)
    assert paid(model, globex) == 2_110


def test_a_plan_of_its_own_goes_before_the_site_s(acme: Organization, model: Model) -> None:
    publish(model, 1_000)
    listed, own = (Plan.objects.create(pk=pk) for pk in ("listed", "own"))
    SiteTerms.objects.create(site=acme.site, plan=listed)
    adjustments.publish(listed, adjustment_bp=-1_000)
    adjustments.publish(own, adjustment_bp=-2_000)
    assert paid(model, acme) == 900
    plans.choose(acme, own)
    assert paid(model, acme) == 800


def test_an_adjustment_of_nothing_for_a_model_goes_before_the_plan_s(
    acme: Organization, model: Model
) -> None:
    plan = Plan.objects.create(pk="gold")
    plans.choose(acme, plan)
    publish(model, 1_000)
    adjustments.publish(plan, adjustment_bp=-1_000)
    adjustments.publish(plan, model=model, adjustment_bp=0)
    assert paid(model, acme) == 1_000


def test_the_end_of_a_price_leaves_it_to_the_wider_scope(acme: Organization, model: Model) -> None:
    publish(model, 1_000)
    publish(model, 2_000, site=acme.site)
    publish(model, 500, organization=acme)
    now = timezone.now()
    tomorrow, next_week = now + timedelta(days=1), now + timedelta(days=7)
    prices.publish(model, organization=acme, components={}, effective_from=tomorrow)
    prices.publish(model, site=acme.site, components={}, effective_from=next_week)
    assert paid(model, acme) == 500
    assert paid(model, acme, tomorrow) == 2_000
    assert paid(model, acme, next_week) == 1_000
    with pytest.raises(PriceError):
        prices.publish(model, components={})


def test_what_was_in_force_at_admission_counts(acme: Organization, model: Model) -> None:
    """Whatever is published later, a Call of then is explained by the rows of then."""
    now = timezone.now()
    plan = Plan.objects.create(pk="gold")
    plans.choose(acme, plan)
    for days, nanos, adjustment_bp in ((9, 1_000, -1_000), (6, 2_000, -2_000), (3, 4_000, 0)):
        start = now - timedelta(days=days)
        components = {"input": nanos, "output": nanos}
        Price.objects.create(model=model, components=components, effective_from=start)
        PlanAdjustment.objects.create(plan=plan, adjustment_bp=adjustment_bp, effective_from=start)
    found = [paid(model, acme, now - timedelta(days=days)) for days in (10, 9, 7, 6, 4, 3, 0)]
    assert found == [None, 900, 900, 1_600, 1_600, 4_000, 4_000]
