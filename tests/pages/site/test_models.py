"""A site's staff choose what it offers and how it is listed; its public page shows just that."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditRecord, Site
from billing import site_models
from billing.models import Model, SiteModel, SiteTerms
from relay.models import ModelAlias
from tests.factories.billing import default_price

QUERIES_MAX = 15


@pytest.fixture
def models(home: Site) -> list[Model]:
    return [default_price(name).model for name in ("alpha", "beta", "gamma")]


def listed() -> str:
    return Client().get(reverse("public_models")).content.decode()


def test_models_are_taken_off_and_put_on_again(
    keeper: Client,
    home: Site,
    other_site: Site,
    models: list[Model],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    address = reverse("site_models")
    keeper.post(address, {"act": "stop", "model": ["alpha", "beta"]})
    assert [row.pk for row in site_models.sold(home)] == ["gamma"]
    assert site_models.sold(other_site).count() == 3
    assert "alpha" not in listed()
    with django_assert_max_num_queries(QUERIES_MAX):
        text = keeper.get(address, {"show": "off"}).content.decode()
    assert "alpha" in text
    assert "gamma" not in text
    keeper.post(address, {"act": "offer", "model": ["beta"]})
    assert "beta" in listed()
    rows = AuditRecord.objects.filter(action="site_model.switch", site=home)
    assert [row.target_id for row in rows.order_by("pk")] == ["alpha", "beta", "beta"]


def test_a_model_is_listed_as_the_site_says(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    look = {
        "act": "look",
        "shown_as": "acme/best",
        "position": "1",
        "description_en": "Quick and cheap.",
        "description_zh-hans": "又快又便宜。",
    }
    edit = reverse("site_models") + "?model=gamma"
    assert keeper.post(edit, look).status_code == 302
    text = listed()
    assert text.index("acme/best") < text.index("alpha"), "the first place"
    assert "Quick and cheap." in text
    assert '<code translate="no">gamma</code>' not in text
    assert ModelAlias.objects.get(site=home).model_id == "gamma"
    text = keeper.get(reverse("site_models")).content.decode()
    assert "missing translation" in text
    assert "zh-hant" in text
    keeper.post(edit, look | {"is_hidden": "on"})
    assert "acme/best" not in listed()
    assert 'value="acme/best"' in keeper.get(edit).content.decode()


@pytest.mark.parametrize(
    "wrong", [{"shown_as": "alpha"}, {"shown_as": "a b"}, {"position": "-1"}, {"position": "x"}]
)
def test_nonsense_is_refused_with_the_reason(
    keeper: Client, models: list[Model], wrong: dict[str, str]
) -> None:
    response = keeper.post(reverse("site_models") + "?model=gamma", {"act": "look"} | wrong)
    assert response.status_code == 422
    assert 'class="error"' in response.content.decode()
    assert not SiteModel.objects.exists()


def test_future_models_are_offered_by_themselves_or_not(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    keeper.post(reverse("site_models"), {"act": "range"})
    assert not SiteTerms.objects.get(site=home).offers_all_models
    default_price("delta")
    assert "delta" not in listed()
    keeper.post(reverse("site_models"), {"act": "range", "sells_all": "1"})
    default_price("epsilon")
    assert "epsilon" in listed()
    assert "delta" not in listed(), "what was off stays off"


def test_operators_have_the_same_page_for_every_site(
    operator: Client, other_site: Site, models: list[Model]
) -> None:
    address = reverse("ops_site_models", args=[other_site.pk])
    operator.post(address, {"act": "stop", "model": ["alpha"]})
    assert site_models.sold(other_site).count() == 2


def test_a_model_that_will_end_says_so_and_one_that_has_is_gone(
    operator: Client, keeper: Client, models: list[Model]
) -> None:
    end = timezone.now() + timedelta(days=9)
    form = {
        "name": "",
        "owned_by": "",
        "context_tokens": "1",
        "max_output_tokens": "1",
        "is_active": "on",
        "capabilities": ["vision", "tools"],
        "retires_at": f"{end:%Y-%m-%dT%H:%M}",
        "successor": "beta",
    }
    address = reverse("ops_model", args=["alpha"])
    assert operator.post(address, form | {"successor": "alpha"}).status_code == 422
    assert operator.post(address, form).status_code == 302
    text = listed()
    assert f"ends {end:%Y-%m-%d}" in text
    assert "use beta" in text
    assert "Tools · Sees images" in text
    found = Client().get(reverse("public_models"), {"ability": "vision"}).content.decode()
    assert "beta</code>" not in found
    Model.objects.filter(pk="alpha").update(retires_at=timezone.now())
    assert "alpha" not in listed()
    assert "retired" in keeper.get(reverse("site_models")).content.decode()
