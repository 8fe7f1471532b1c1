"""A relay's snapshot has what each site offers, as the site lists it, until a model retires."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import audit
from accounts.models import AuditRecord, Site
from accounts.site_values import SiteRefused
from billing import site_models
from billing.models import Model, Plan, SiteTerms
from relay import aliases, site_listing
from relay.adapters import routes
from relay.models import ModelAlias
from relay.proxy.types import Snapshot
from tests.factories import accounts
from tests.factories.billing import default_price

pytestmark = pytest.mark.django_db
BY = audit.command("test")


@pytest.fixture
def shops(site: Site) -> list[Site]:
    plan = Plan.objects.create(pk="default")
    shops = [site, accounts.site("other")]
    for each in shops:
        SiteTerms.objects.create(site=each, plan=plan)
    for name in ("new", "old"):
        default_price(name)
    return shops


def snapshot() -> Snapshot:
    return routes.read(timezone.now())[0]


def offered(site: Site) -> set[str]:
    return set(snapshot().offers_by_site[site.pk])


def test_a_model_is_off_on_one_site_alone(shops: list[Site]) -> None:
    old = Model.objects.get(pk="old")
    assert site_models.set_offered(shops[0], [old], is_offered=False, by=BY) == 1
    assert site_models.set_offered(shops[0], [old], is_offered=False, by=BY) == 0
    assert (offered(shops[0]), offered(shops[1])) == ({"new"}, {"new", "old"})
    assert [row.pk for row in site_models.sold(shops[0])] == ["new"]
    site_models.set_offered(shops[0], [old], is_offered=True, by=BY)
    assert offered(shops[0]) == {"new", "old"}


def test_selling_all_or_a_list_changes_only_the_future(shops: list[Site]) -> None:
    site = shops[0]
    site_models.set_offered(site, [Model.objects.get(pk="old")], is_offered=False, by=BY)
    for sells_all, with_a_later_one in ((False, {"new"}), (True, {"new", "later"})):
        site_models.set_sells_all(site, sells_all=sells_all, by=BY)
        assert offered(site) == {"new"}
        default_price("later")
        assert offered(site) == with_a_later_one
        later = Model.objects.get(pk="later")
        later.prices.all().delete()
        later.delete()


def test_a_site_without_terms_sells_nothing_and_is_told_so(site: Site) -> None:
    row = default_price("new").model
    with pytest.raises(SiteRefused):
        site_models.set_offered(site, [row], is_offered=True, by=BY)


def test_a_name_of_its_own_is_listed_and_called_until_it_is_taken_away(shops: list[Site]) -> None:
    model = Model.objects.get(pk="new")
    look = {"shown_as": "acme/best", "is_hidden": False}
    for _ in range(2):
        site_listing.set_look(shops[0], model, look, by=BY)
    found = snapshot()
    assert found.offers_by_site[shops[0].pk]["new"].listed_as == "acme/best"
    assert found.aliases_by_site[shops[0].pk]["acme/best"].model_id == "new"
    assert found.offers_by_site[shops[1].pk]["new"].listed_as == ""
    assert "acme/best" not in found.aliases_by_site[shops[1].pk]
    aliases.remove(ModelAlias.objects.get(), by=BY)
    assert snapshot().offers_by_site[shops[0].pk]["new"].listed_as == ""


@pytest.mark.parametrize("name", ["old", "taken", "a b"])
def test_a_name_that_leads_elsewhere_is_refused(shops: list[Site], name: str) -> None:
    aliases.add(Model.objects.get(pk="old"), "taken", shops[0], by=BY)
    with pytest.raises(SiteRefused):
        site_listing.set_look(shops[0], Model.objects.get(pk="new"), {"shown_as": name}, by=BY)


def test_a_model_retires_by_itself_and_its_names_tell_the_successor(shops: list[Site]) -> None:
    now = timezone.now()
    end = now + timedelta(hours=1)
    Model.objects.filter(pk="old").update(retires_at=end, successor="new")
    aliases.add(Model.objects.get(pk="old"), "older", None, by=BY)
    before, changes_at = routes.read(now)
    assert set(before.offers_by_site[shops[0].pk]) == {"new", "old"}
    assert before.retired_by_site[shops[0].pk] == {}
    assert changes_at == end, "relays look again at that instant"
    site_models.set_offered(shops[1], [Model.objects.get(pk="new")], is_offered=False, by=BY)
    after, _ = routes.read(end)
    assert set(after.offers_by_site[shops[0].pk]) == {"new"}
    assert after.retired_by_site[shops[0].pk] == {"old": "new", "older": "new"}
    assert after.retired_by_site[shops[1].pk] == {"old": "", "older": ""}, "it is not sold there"


def test_selling_all_takes_as_many_queries_for_many_models(
    shops: list[Site], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    site_models.set_sells_all(shops[0], sells_all=False, by=BY)
    Model.objects.bulk_create(Model(pk=f"later-{n}") for n in range(100))
    with django_assert_max_num_queries(15):
        site_models.set_sells_all(shops[0], sells_all=True, by=BY)
    assert [row.pk for row in site_models.sold(shops[0])] == ["new", "old"]


def test_a_name_that_listing_makes_is_on_the_trail(shops: list[Site]) -> None:
    model = Model.objects.get(pk="new")
    site_listing.set_look(shops[0], model, {"shown_as": "best"}, by=BY)
    row = AuditRecord.objects.get(action="alias.add")
    assert (row.site, row.target_id, row.after) == (shops[0], "new", {"alias": "best"})
