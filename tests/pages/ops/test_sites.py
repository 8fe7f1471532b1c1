"""Operators open sites, say where they answer and in what currency, and suspend them."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditRecord, Organization, Site, SiteDomain
from billing.models import SiteTerms

NEW = {
    "id": "north",
    "name": "North Models",
    "domains": "North.example\nwww.north.example",
    "currency": "eur",
    "language": "zh-hant",
    "time_zone": "Europe/Berlin",
    "plan": "default",
    "preset": "xidao",
}


def test_a_site_is_opened_and_answers_at_once(operator: Client) -> None:
    response = operator.post(reverse("ops_site_new"), NEW)
    assert response.headers["Location"] == reverse("ops_site_setup", args=["north"])
    site = Site.objects.get(pk="north")
    assert (site.currency, site.preset, site.terms.plan_id) == ("EUR", "xidao", "default")
    assert "North Models" in operator.get("/", headers={"host": "north.example"}).content.decode()
    actions = AuditRecord.objects.filter(site=site).values_list("action", flat=True)
    assert set(actions) == {"site.create", "site.plan", "site.errors"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "Bad Id"}, "Lower-case letters"),
        ({"id": "acme-ai"}, "There is a site with this id."),
        ({"domains": "testserver"}, "One of them leads to another site."),
        ({"currency": "E1"}, "A code of three letters"),
    ],
)
def test_a_site_that_cannot_be_is_not_opened(
    operator: Client, changes: dict[str, str], said: str
) -> None:
    response = operator.post(reverse("ops_site_new"), NEW | changes)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Site.objects.filter(pk="north").exists()


def place(home: Site, **changes: str) -> dict[str, str]:
    fields = {"act": "place", "domains": "testserver", "currency": "USD", "plan": "default"}
    return fields | changes


def test_domains_are_changed_all_or_none(operator: Client, home: Site) -> None:
    address = reverse("ops_site", args=[home.pk])
    operator.post(address, place(home, domains="first.example testserver"))
    assert home.domains.first() == SiteDomain.objects.get(pk="first.example")
    other = Site.objects.create(pk="other", name="Other")
    SiteDomain.objects.create(domain="taken.example", site=other)
    wrong = place(home, domains="taken.example testserver", currency="EUR")
    assert operator.post(address, wrong).status_code == 422
    home.refresh_from_db()
    assert home.currency == "USD"


def test_the_currency_stays_once_there_are_customers(
    operator: Client, home: Site, acme: Organization
) -> None:
    response = operator.post(reverse("ops_site", args=[home.pk]), place(home, currency="EUR"))
    assert response.status_code == 422
    assert "their balances are in its currency" in response.content.decode()


def test_a_site_is_suspended_with_a_reason(operator: Client, home: Site) -> None:
    address = reverse("ops_site", args=[home.pk])
    assert operator.post(address, {"act": "suspend", "reason": ""}).status_code == 422
    operator.post(address, {"act": "suspend", "reason": "unpaid"})
    home.refresh_from_db()
    assert not home.is_active
    operator.post(address, {"act": "suspend", "reason": "paid"})
    home.refresh_from_db()
    assert home.is_active
    reasons = AuditRecord.objects.filter(site=home).order_by("pk").values_list("reason", flat=True)
    assert list(reasons) == ["unpaid", "paid"]


def test_the_no_credit_status_is_changed_or_left_to_the_contract(
    operator: Client, home: Site
) -> None:
    address = reverse("ops_site_errors", args=[home.pk])
    form = {"preset": "openai", "no_credit_status": "429"}
    operator.post(address, form)
    home.refresh_from_db()
    assert home.no_credit_status == 429
    assert operator.post(address, form | {"no_credit_status": "200"}).status_code == 422
    operator.post(address, {"preset": "modelstudio", "no_credit_status": ""})
    home.refresh_from_db()
    assert (home.preset, home.no_credit_status) == ("modelstudio", None)
    # the list shows what callers get
    assert "<td>429</td>" in operator.get(reverse("ops_sites")).content.decode()


def test_sites_are_listed_with_domains_and_plan(operator: Client, home: Site) -> None:
    text = operator.get(reverse("ops_sites")).content.decode()
    assert "testserver" in text
    assert "default" in text


def test_a_site_that_sells_nothing_yet_has_its_pages(operator: Client, home: Site) -> None:
    Site.objects.create(pk="bare", name="Bare")
    assert not SiteTerms.objects.filter(site="bare").exists()
    for name in ("ops_site", "ops_site_setup", "ops_site_errors", "ops_site_brand"):
        assert operator.get(reverse(name, args=["bare"])).status_code == 200
    assert operator.get(reverse("ops_sites")).status_code == 200
