"""A snapshot has, beside the Routes of a model, those that no Call is tried on, with the reason."""

import pytest
from django.utils import timezone

from accounts.models import Site
from billing.models import Plan, SiteTerms
from relay.adapters import routes
from relay.models import Route, Upstream
from relay.proxy.types import LeftOut
from tests.factories.billing import default_price

pytestmark = pytest.mark.django_db


def test_what_is_off_paused_or_unreadable_is_left_out_by_priority(site: Site) -> None:
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(pk="default"))
    model = default_price("m/one").model
    for priority, (name, active) in enumerate(
        [("well", True), ("off", True), ("paused", False), ("broken", True)]
    ):
        base_url = "nonsense" if name == "broken" else "https://a.example/v1"
        vendor = Upstream.objects.create(pk=name, base_url=base_url, is_active=active)
        Route.objects.create(
            model=model, upstream=vendor, name="one", priority=priority, is_active=name != "off"
        )
    offer = routes.read(timezone.now())[0].offers_by_site[site.pk]["m/one"]
    assert [route.upstream_id for route in offer.routes] == ["well"]
    assert offer.left_out == (
        LeftOut("off", 1, "route_off"),
        LeftOut("paused", 2, "upstream_paused"),
        LeftOut("broken", 3, "unusable"),
    )
