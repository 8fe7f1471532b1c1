"""The catalog of the five sellers can be applied as it is, and sells what their pages name."""

from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import Site, SiteDomain
from billing.models import Model, Price, SiteTerms
from relay.catalog import presets, reader, store
from relay.catalog.changes import Change
from relay.proxy import cors
from tests.relay.catalog.conftest import Apply

FILE = Path(settings.BASE_DIR) / "deploy" / "catalogs" / "resellers.yaml"
# As `make run` brings it.
DEMO = "upstreams: [{id: demo, base_url: 'http://127.0.0.1:9000/v1', credential: sk-demo}]\n"
SELLERS = ("bigdogai", "baystone", "qingcheng", "xidao", "modelstudio")


def applied() -> list[Change]:
    return store.apply(reader.read(FILE), file=str(FILE)).changes


@pytest.fixture
def five(apply: Apply) -> None:
    apply(DEMO)
    assert applied()


def test_applying_it_again_changes_nothing(five: None) -> None:
    assert applied() == []


def test_there_is_a_site_for_every_seller(five: None) -> None:
    assert {site.pk: site.preset for site in Site.objects.all()} == {s: s for s in SELLERS}
    assert set(SiteDomain.objects.values_list("domain", flat=True)) == {
        f"{seller}.localhost" for seller in SELLERS
    }
    assert Site.objects.exclude(pk="modelstudio").filter(language="zh-hans").count() == 4
    assert Site.objects.get(pk="modelstudio").language == "zh-hant"


@pytest.mark.parametrize("seller", SELLERS)
def test_a_site_sells_the_models_of_its_page(five: None, seller: str) -> None:
    sold = set(SiteTerms.objects.get(pk=seller).models.values_list("pk", flat=True))
    assert set(presets.load(seller).models) <= sold


def test_every_model_has_a_price_in_each_sites_currency_and_a_route(five: None) -> None:
    assert not Model.objects.filter(routes=None).exists()
    priced = set(Price.objects.values_list("model_id", "site_id"))
    for terms in SiteTerms.objects.select_related("site"):
        # A model's own price is in dollars; a site that sells in another currency has its own.
        site_id = None if terms.site.currency == "USD" else terms.site_id
        for model in terms.models.all():
            assert (model.pk, site_id) in priced


@pytest.mark.parametrize("seller", SELLERS)
def test_browsers_may_send_the_headers_of_the_page(seller: str) -> None:
    named = presets.load(seller).request_headers
    assert {name.lower().encode() for name in named} <= cors.REQUEST_HEADERS
