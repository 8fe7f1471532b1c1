"""The effect of many prices leaves out what cannot be told, and says so."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization, Site
from billing import bulk_effects, bulk_prices, prices
from billing.bulk_prices import Basis
from billing.models import Model
from billing.price_rules import Rule
from tests.factories import calls

pytestmark = pytest.mark.django_db


def test_an_own_price_that_ends_before_its_default_begins_is_left_out(
    acme: Organization, site: Site
) -> None:
    now, later = timezone.now(), timezone.now() + timedelta(days=7)
    model = Model.objects.create(pk="small")
    prices.publish(model, site=site, components={"request": 2})
    prices.publish(model, components={"request": 1}, effective_from=later)
    calls.record(acme)
    at = later + timedelta(days=1)
    lines = bulk_prices.work_out([model], Rule(), site=site, basis=Basis.END, at=at)
    assert lines[0].is_changed
    assert bulk_effects.effect(lines, site=site, now=now).left_out == 1
