"""Operators add models, give them routes, and see what keeps one from being called."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from billing.models import Model
from relay import costs
from relay.models import Route, Upstream
from tests.factories.billing import default_price

MODEL = {"name": "", "owned_by": "openai", "context_tokens": "128000", "max_output_tokens": "4096"}
ROUTE = {"upstream": "vendor", "name": "gpt-4o-2024", "priority": "0", "weight": "1"}


def test_one_is_added(operator: Client) -> None:
    response = operator.post(reverse("ops_model_new"), MODEL | {"id": "openai/gpt-4o:free"})
    assert response.headers["Location"] == reverse("ops_model", args=["openai/gpt-4o:free"])
    assert Model.objects.get().max_output_tokens == 4096


@pytest.mark.parametrize(
    "wrong", [{"id": "a b"}, {"id": "openai/gpt-4o"}, {"id": "x", "context_tokens": "0"}]
)
def test_nonsense_is_refused(operator: Client, model: Model, wrong: dict[str, str]) -> None:
    assert operator.post(reverse("ops_model_new"), MODEL | wrong).status_code == 422
    assert Model.objects.count() == 1


def test_one_is_changed_and_taken_off_sale(operator: Client, model: Model) -> None:
    address = reverse("ops_model", args=[model.pk])
    operator.post(address, MODEL | {"max_output_tokens": "16384"})
    model.refresh_from_db()
    assert (model.max_output_tokens, model.is_active) == (16384, False)


def test_a_route_is_added_with_its_cost(operator: Client, model: Model, upstream: Upstream) -> None:
    cost = {"input": "0.10", "cached_input": "", "output": "0.40"}
    operator.post(reverse("ops_route_new", args=[model.pk]), ROUTE | cost)
    route = Route.objects.get()
    assert (route.model_id, route.upstream_id, route.name) == (model.pk, "vendor", "gpt-4o-2024")
    assert costs.components_of(route) == {"input": 100_000_000, "output": 400_000_000}


def test_a_cost_may_be_unknown_but_not_half_known(
    operator: Client, model: Model, upstream: Upstream
) -> None:
    address = reverse("ops_route_new", args=[model.pk])
    assert operator.post(address, ROUTE | {"input": "0.10"}).status_code == 422
    assert operator.post(address, ROUTE).status_code == 302
    assert costs.components_of(Route.objects.get()) == {}


def test_a_cost_of_every_kind_can_begin_later_and_the_route_tells_its_versions(
    operator: Client, model: Model, upstream: Upstream
) -> None:
    image = {"image_kind_0": "hd", "image_price_0": "0.05"}
    operator.post(reverse("ops_route_new", args=[model.pk]), ROUTE | image)
    route = Route.objects.get()
    start = timezone.now() + timedelta(days=3)
    later = ROUTE | image | {"image_price_0": "0.06", "is_active": "on"}
    later |= {"cost_from": start.strftime("%Y-%m-%dT%H:%M")}
    address = reverse("ops_route", args=[route.pk])
    assert operator.post(address, later).status_code == 302
    assert costs.components_of(route) == {"image": {"hd": 50_000_000}}
    (row,) = costs.of_model(model.pk, start).values()
    assert row.components == {"image": {"hd": 60_000_000}}
    text = operator.get(address).content.decode()
    assert text.count("Image hd") == 2
    assert "scheduled" in text
    assert operator.post(address, later | {"image_price_0": "0.07"}).status_code == 422


def test_the_same_route_twice_is_refused(
    operator: Client, model: Model, upstream: Upstream
) -> None:
    address = reverse("ops_route_new", args=[model.pk])
    assert operator.post(address, ROUTE).status_code == 302
    assert operator.post(address, ROUTE).status_code == 422
    assert Route.objects.count() == 1


def test_a_route_is_changed_and_removed(operator: Client, model: Model, upstream: Upstream) -> None:
    route = Route.objects.create(model=model, upstream=upstream, name="old")
    changed = {"name": "new", "priority": "3", "weight": "0", "input": "0", "output": "1.5"}
    operator.post(reverse("ops_route", args=[route.pk]), changed)
    route.refresh_from_db()
    assert (route.name, route.priority, route.weight, route.is_active) == ("new", 3, 0, False)
    assert costs.components_of(route) == {"input": 0, "output": 1_500_000_000}
    address = reverse("ops_route_remove", args=[route.pk])
    assert operator.get(address).status_code == 200
    assert Route.objects.exists()
    operator.post(address)
    assert not Route.objects.exists()


def test_the_overview_names_models_that_cannot_be_called(
    operator: Client, model: Model, upstream: Upstream
) -> None:
    text = operator.get(reverse("ops_overview")).content.decode()
    assert "Cannot be called: no price and no route." in text
    default_price(model.pk)
    Route.objects.create(model=model, upstream=upstream, name="x")
    text = operator.get(reverse("ops_overview")).content.decode()
    assert "Cannot be called" not in text
    Upstream.objects.update(is_active=False)
    text = operator.get(reverse("ops_overview")).content.decode()
    assert "Cannot be called: no route." in text


def test_a_further_name_is_given_and_taken_away(operator: Client, model: Model) -> None:
    address = reverse("ops_alias_add", args=[model.pk])
    page = reverse("ops_model", args=[model.pk])
    assert operator.post(address, {"alias": "vendor/latest"}).headers["Location"] == page
    site = Site.objects.create(id="globex")
    operator.post(address, {"alias": "vendor/latest", "site": site.pk})
    found = {(alias.alias, alias.site_id) for alias in model.aliases.all()}
    assert found == {("vendor/latest", None), ("vendor/latest", "globex")}
    text = operator.get(page).content.decode()
    assert text.count('<code translate="no">vendor/latest</code>') == 2
    for alias in model.aliases.all():
        assert operator.post(reverse("ops_alias_remove", args=[alias.pk])).status_code == 302
    assert not model.aliases.exists()


@pytest.mark.parametrize("wrong", ["", "a b", "openai/gpt-4o", "taken"])
def test_a_name_that_leads_elsewhere_already_is_refused(
    operator: Client, model: Model, wrong: str
) -> None:
    other = Model.objects.create(id="other", context_tokens=1, max_output_tokens=1)
    other.aliases.create(alias="taken")
    answer = operator.post(reverse("ops_alias_add", args=[model.pk]), {"alias": wrong})
    assert answer.status_code == 422
    assert not model.aliases.exists()


def test_a_model_does_not_take_the_further_name_of_another(operator: Client, model: Model) -> None:
    model.aliases.create(alias="vendor/latest")
    answer = operator.post(reverse("ops_model_new"), MODEL | {"id": "vendor/latest"})
    assert answer.status_code == 422
    assert "further name" in answer.content.decode()
