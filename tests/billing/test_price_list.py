"""The public price list tells every way in which a model is sold, in units people compare."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Site, SiteDomain
from billing import prices
from billing.models import Plan, SiteTerms
from billing.reports import price_list
from tests.factories.billing import model

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(site: Site) -> Site:
    SiteDomain.objects.create(domain="testserver", site=site)
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(pk="default"))
    return site


def shown(components: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [tuple(part) for part in price_list.others(components)]


def test_images_are_told_by_the_cheapest_and_sound_by_the_minute() -> None:
    assert shown({"image": {"hd": 80, "default": 40}}) == [("Images, from", 40, "per image")]
    assert shown({"image": {"hd": 80}}) == [("Images", 80, "per image")]
    assert shown({"seconds": 100_000}) == [("Sound and film", 6_000_000, "per minute")]


def test_the_rest_is_told_as_it_is() -> None:
    components = {
        "input": 1,
        "output": 2,
        "cache_write_5m": 3,
        "request": 4,
        "tiers": [{"above_tokens": 200_000, "input": 5}],
        "minimum": 6,
    }
    assert shown(components) == [
        ("Cache write, 5 minutes", 3, "per 1M tokens"),
        ("Request", 4, "per request"),
        ("Input, prompt above 200,000 tokens", 5, "per 1M tokens"),
        ("Minimum", 6, "per request"),
    ]


def test_the_front_page_shows_a_model_that_is_sold_by_the_image(client: Client, shop: Site) -> None:
    prices.publish(model("painter"), components={"image": {"hd": 80_000_000, "low": 10_000_000}})
    (offer,) = price_list.offers(shop, timezone.now())
    assert offer.input_nanos is None
    text = client.get("/").content.decode()
    assert "Images, from" in text
    assert "$0.01" in text


def test_a_contract_is_nobody_else_s_business(client: Client, shop: Site, acme: Any) -> None:
    prices.publish(model("painter"), components={"image": {"hd": 80_000_000}})
    prices.publish(model("painter"), organization=acme, components={"image": {"hd": 70_000_000}})
    assert "$0.07" not in client.get("/").content.decode()
