"""Operators publish price versions, for every site or one; one below cost needs a second yes."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from billing import prices
from billing.models import Model, Price
from relay import routes
from relay.models import Upstream

PRICE = {"input": "2.50", "cached_input": "", "output": "10"}


@pytest.fixture
def address(model: Model) -> str:
    return reverse("ops_prices", args=[model.pk])


def test_a_default_is_published_from_now_on_by_whoever_did(
    operator: Client, model: Model, home: Site, address: str
) -> None:
    assert operator.post(address, PRICE).status_code == 302
    version = prices.in_force(model, home, timezone.now())
    assert version is not None
    assert version.components == {"input": 2_500_000_000, "output": 10_000_000_000}
    assert version.created_by is not None
    assert version.created_by.email == "op@example.com"


def test_a_site_gets_a_price_of_its_own(
    operator: Client, model: Model, home: Site, address: str
) -> None:
    operator.post(address, PRICE)
    operator.post(address, PRICE | {"site": home.pk, "input": "3"})
    version = prices.in_force(model, home, timezone.now())
    assert version is not None
    assert (version.site_id, version.components["input"]) == (home.pk, 3_000_000_000)


def test_a_version_can_begin_later(
    operator: Client, model: Model, home: Site, address: str
) -> None:
    operator.post(address, PRICE)
    start = timezone.now() + timedelta(days=2)
    later = PRICE | {"output": "12", "effective_from": start.strftime("%Y-%m-%dT%H:%M")}
    assert operator.post(address, later).status_code == 302
    now = prices.in_force(model, home, timezone.now())
    then = prices.in_force(model, home, start)
    assert now is not None
    assert then is not None
    assert (now.components["output"], then.components["output"]) == (
        10_000_000_000,
        12_000_000_000,
    )
    text = operator.get(address).content.decode()
    assert "scheduled" in text
    assert "in force" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": ""},
        {"output": "-1"},
        {"output": "1e3"},
        {"input": "9999999"},
        {"effective_from": "2020-01-01T00:00"},
        {"site": "gone"},
    ],
)
def test_nonsense_is_refused(operator: Client, address: str, wrong: dict[str, str]) -> None:
    assert operator.post(address, PRICE | wrong).status_code == 422
    assert not Price.objects.exists()


def test_a_price_below_cost_needs_a_second_yes(
    operator: Client, model: Model, upstream: Upstream, address: str
) -> None:
    cost = {"input": 2_000_000_000, "output": 11_000_000_000}
    routes.add(model, upstream, name="x", cost=cost)
    response = operator.post(address, PRICE)
    assert response.status_code == 422
    assert "Some route costs more than this price: Output." in response.content.decode()
    assert not Price.objects.exists()
    assert operator.post(address, PRICE | {"accepts_loss": "on"}).status_code == 302
    assert Price.objects.exists()


def test_an_unknown_cost_is_no_loss(
    operator: Client, model: Model, upstream: Upstream, address: str
) -> None:
    routes.add(model, upstream, name="x")
    assert operator.post(address, PRICE).status_code == 302
