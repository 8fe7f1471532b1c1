"""A site's staff set its prices and its customers' contracts: within their own site, and as roles
allow; operators do so everywhere."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditRecord, Organization, Site
from billing import prices
from billing.models import Model, Price
from relay import costs
from relay.models import Route, Upstream
from tests.factories import accounts
from tests.factories.billing import default_price

QUERIES_MAX = 15
PRICE = {"input": "3", "output": "12", "reason": "autumn"}


@pytest.fixture
def model(home: Site) -> Model:
    return default_price("openai/gpt-4o").model


@pytest.fixture
def address(model: Model) -> str:
    return reverse("site_prices", args=[model.pk])


def contract_page(organization: Organization, door: str = "site") -> str:
    return reverse(f"{door}_contract", args=[organization.pk]) + "?model=openai/gpt-4o"


def test_staff_publish_their_own_sites_price_and_no_other(
    keeper: Client,
    onlooker: Client,
    other_site: Site,
    home: Site,
    model: Model,
    address: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    assert keeper.post(address, PRICE | {"site": other_site.pk}).status_code == 302
    version = Price.objects.get(created_by__isnull=False)
    assert (version.site, version.components["input"]) == (home, 3_000_000_000)
    assert AuditRecord.objects.get(action="price.publish").reason == "autumn"
    with django_assert_max_num_queries(QUERIES_MAX):
        text = onlooker.get(address).content.decode()
    assert "Publish a new version" not in text
    assert onlooker.post(address, PRICE).status_code == 403


def test_a_sites_page_tells_nothing_of_other_sites_and_their_customers(
    keeper: Client, other_site: Site, acme: Organization, model: Model, address: str
) -> None:
    abroad = accounts.organization("Abroad", on=other_site)
    theirs = [
        prices.publish(model, site=other_site, components={"request": 111_000_000}),
        prices.publish(model, organization=abroad, components={"request": 222_000_000}),
    ]
    prices.publish(model, organization=acme, components={"request": 333_000_000})
    text = keeper.get(address).content.decode()
    assert "0.333" in text
    for version, amount in zip(theirs, ("0.111", "0.222"), strict=True):
        assert amount not in text
        for page in (address, contract_page(acme)):
            separator = "&" if "?" in page else "?"
            told = keeper.get(f"{page}{separator}version={version.pk}").content.decode()
            assert amount not in told
        assert keeper.post(reverse("site_price_cancel", args=[version.pk])).status_code == 404
    assert keeper.get(contract_page(abroad)).status_code == 404


def test_a_scheduled_version_is_cancelled_and_a_former_one_started_from(
    keeper: Client, home: Site, model: Model, address: str
) -> None:
    keeper.post(address, PRICE)
    start = timezone.now() + timedelta(days=2)
    keeper.post(address, PRICE | {"effective_from": start.strftime("%Y-%m-%dT%H:%M")})
    keeper.post(address, PRICE | {"input": "4"})
    keeper.post(address, PRICE | {"input": "5", "effective_from": f"{start:%Y-%m-%dT%H:%M}"})
    scheduled = Price.objects.get(site=home, effective_from__gt=timezone.now())
    text = keeper.get(address).content.decode()
    cancel = reverse("site_price_cancel", args=[scheduled.pk])
    assert cancel in text
    assert keeper.post(cancel, {"next": address}).headers["Location"] == address
    assert not Price.objects.filter(pk=scheduled.pk).exists()
    assert "cancelled" in keeper.get(address).content.decode()
    first = Price.objects.filter(site=home).order_by("pk").first()
    assert first is not None
    text = keeper.get(address, {"version": first.pk}).content.decode()
    assert 'name="input" value="3.00"' in text


def test_one_that_has_begun_is_not_cancelled(keeper: Client, home: Site, model: Model) -> None:
    begun = prices.publish(model, site=home, components={"request": 1})
    outside = {"next": "https://evil.example/"}
    response = keeper.post(reverse("site_price_cancel", args=[begun.pk]), outside, follow=True)
    assert "It has begun" in response.content.decode()
    assert Price.objects.filter(pk=begun.pk).exists()


@pytest.mark.parametrize("door", ["site", "ops"])
def test_a_contract_is_set_scheduled_and_ended(
    keeper: Client, operator: Client, acme: Organization, model: Model, door: str
) -> None:
    client = {"site": keeper, "ops": operator}[door]
    page = contract_page(acme, door)
    chosen = client.get(page.partition("?")[0]).content.decode()
    assert model.pk in chosen
    assert client.post(page, PRICE).headers["Location"].endswith("contract?model=openai%2Fgpt-4o")
    start = timezone.now() + timedelta(days=2)
    client.post(page, PRICE | {"input": "2", "effective_from": f"{start:%Y-%m-%dT%H:%M}"})
    tab = reverse(f"{door}_organization", args=[acme.pk]) + "?tab=prices"
    text = client.get(tab).content.decode()
    assert "scheduled" in text
    assert "in force" in text
    client.post(page, {"ends_own_price": "on"})
    version = prices.in_force(model, acme.site, timezone.now(), acme)
    assert version is not None
    assert version.organization is None
    assert "ends: the list price again" in client.get(tab).content.decode()


def test_a_contract_below_cost_needs_a_second_yes(
    keeper: Client, acme: Organization, model: Model
) -> None:
    upstream = Upstream.objects.create(id="acme-vendor", base_url="https://api.example.com/v1")
    route = Route.objects.create(model=model, upstream=upstream, name="m")
    costs.publish(costs.key_of(route), {"input": 4_000_000_000, "output": 1})
    response = keeper.post(contract_page(acme), PRICE)
    assert response.status_code == 422
    assert "Some route costs more than this price: Input." in response.content.decode()
    assert "acme-vendor" not in response.content.decode()
    assert keeper.post(contract_page(acme), PRICE | {"accepts_loss": "on"}).status_code == 302
