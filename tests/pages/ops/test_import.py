"""Operators take models over from an upstream's own list; nothing of it can be called before it has
a price and was switched on."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import AuditRecord, Site
from billing import prices
from billing.models import Model
from relay import model_import
from relay.adapters import routes
from relay.model_import import State, take
from relay.models import Route, Upstream

BY = audit.command("test")
LISTED = ["openai/gpt-4o", "new-model", "served", "not ours!", "flagship"]


@pytest.fixture
def catalog(upstream: Upstream, model: Model) -> Upstream:
    """A model sold elsewhere, one with a route, a further name, and a route that is gone."""
    model.aliases.create(alias="flagship")
    served = Model.objects.create(pk="served")
    Route.objects.create(model=served, upstream=upstream, name="served")
    Route.objects.create(model=served, upstream=upstream, name="served-2024")
    return upstream


def test_the_list_is_compared_with_what_is_sold(catalog: Upstream) -> None:
    compared = model_import.compare(catalog, [*LISTED, "new-model"])
    assert {each.name: each.state for each in compared.listed} == {
        "openai/gpt-4o": State.UNROUTED,
        "new-model": State.NEW,
        "served": State.ROUTED,
        "not ours!": State.UNUSABLE,
        "flagship": State.UNUSABLE,
    }
    assert [route.name for route in compared.gone] == ["served-2024"]


def test_what_is_taken_over_is_switched_off_and_on_the_trail(
    catalog: Upstream, model: Model
) -> None:
    taken = take(catalog, LISTED, by=BY)
    assert (taken.models, taken.routes) == (["new-model"], ["openai/gpt-4o"])
    made = Model.objects.get(pk="new-model")
    assert not made.is_active
    assert made.owned_by == "openai"
    assert not model.routes.get().is_active
    assert sorted(AuditRecord.objects.values_list("action", "target_id")) == [
        ("model.create", "new-model"),
        ("route.add", "new-model"),
        ("route.add", "openai/gpt-4o"),
    ]
    again = take(catalog, LISTED, by=BY)
    assert (again.models, again.routes) == ([], [])


def sold(site: Site) -> dict[str, int]:
    """What can be called on the site, and over how many routes."""
    snapshot, _ = routes.read(timezone.now())
    return {name: len(each.routes) for name, each in snapshot.offers_by_site[site.pk].items()}


def test_nothing_taken_over_is_sold_before_it_is_priced_and_switched_on(
    catalog: Upstream, model: Model, home: Site
) -> None:
    components = {"input": 1, "output": 1}
    prices.publish(model, components=components)
    take(catalog, LISTED, by=BY)
    assert sold(home) == {"openai/gpt-4o": 0}
    Model.objects.filter(pk="new-model").update(is_active=True)
    assert sold(home) == {"openai/gpt-4o": 0}  # on, but without a price
    prices.publish(Model.objects.get(pk="new-model"), components=components)
    assert sold(home) == {"openai/gpt-4o": 0, "new-model": 1}


def test_the_page_asks_shows_and_takes_over(
    operator: Client, catalog: Upstream, vendor_url: str
) -> None:
    Upstream.objects.update(base_url=vendor_url)
    address = reverse("ops_models_import", args=["vendor"])
    listed = operator.post(address, {"act": "list"}).content.decode()
    assert 'value="tiny-model"' in listed
    assert "served-2024" in listed  # no longer on its list
    response = operator.post(address, {"act": "take", "names": ["tiny-model", "served"]})
    assert response.headers["Location"] == reverse("ops_models")
    assert not Model.objects.get(pk="tiny-model").is_active


def test_nothing_ticked_and_too_much_ticked_are_said_so(
    operator: Client, catalog: Upstream
) -> None:
    address = reverse("ops_models_import", args=["vendor"])
    for names in ([], [f"m-{number}" for number in range(model_import.TAKEN_MAX + 1)]):
        answer = operator.post(address, {"act": "take", "names": names}, follow=True)
        assert "banner-bad" in answer.content.decode()
    assert Model.objects.count() == 2


def test_an_upstream_that_does_not_answer_is_said_so(operator: Client, catalog: Upstream) -> None:
    Upstream.objects.update(base_url="http://127.0.0.1:1/v1")
    answer = operator.post(reverse("ops_models_import", args=["vendor"]), {"act": "list"})
    assert answer.status_code == 422
    assert "Nothing answers at that address" in answer.content.decode()
