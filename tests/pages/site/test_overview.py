"""The first page of a site's staff sums up their site, and only theirs."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Organization, Site
from tests.factories import accounts, calls
from tests.pages.people import logged_in, member_of
from tests.pages.site.conftest import OTHER_HOST

QUERIES_MAX = 15


def text_of(client: Client, address: str = "/site/", host: str = "testserver") -> str:
    response = client.get(address, headers={"host": host})
    assert response.status_code == 200
    return response.content.decode()


def test_money_calls_and_refusals_of_the_span_are_summed(
    keeper: Client, acme: Organization, globex: Organization
) -> None:
    calls.record(acme, model="large", charge_nanos=3_000_000_000, cost_nanos=1_000_000_000)
    calls.record(globex, model="small", charge_nanos=1_000_000_000, cost_nanos=0, status=502)
    long_ago = timezone.now() - timedelta(days=40)
    calls.record(acme, at=long_ago, charge_nanos=9_000_000_000)
    calls.refusal(acme, multiplier=37)
    text = text_of(keeper)
    for shown in ("$4.00", "$1.00", "$3.00", "75 % of revenue", "50.0 % successful"):
        assert shown in text
    for shown in ("Acme", "Globex", "large", "credit_balance_exhausted", ">37<"):
        assert shown in text
    assert "$13.00" in text_of(keeper, "/site/?days=90")


def test_nothing_of_another_site_counts(
    keeper: Client, outsider: Client, other_site: Site, acme: Organization
) -> None:
    theirs = accounts.organization("Initech", on=other_site)
    calls.record(theirs, model="their-model", charge_nanos=8_000_000_000)
    calls.refusal(theirs, code="their_code")
    calls.record(acme, model="our-model", charge_nanos=1_000_000_000)
    ours = text_of(keeper)
    assert "our-model" in ours
    for shown in ("Initech", "their-model", "their_code", "8.00"):
        assert shown not in ours
    assert "their-model" in text_of(outsider, host=OTHER_HOST)


def test_only_staff_of_this_site_find_the_page(
    onlooker: Client, operator: Client, outsider: Client, acme: Organization
) -> None:
    assert onlooker.get("/site/").status_code == 200
    assert operator.get("/site/").status_code == 200
    assert outsider.get("/site/").status_code == 404
    assert logged_in(member_of(acme, "ann@acme.example")).get("/site/").status_code == 404
    assert Client().get("/site/").status_code == 302


def test_the_page_takes_a_few_queries(
    keeper: Client, acme: Organization, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    calls.record(acme)
    with django_assert_max_num_queries(QUERIES_MAX):
        text_of(keeper)


def test_the_way_there_is_shown_to_staff_only(
    keeper: Client, acme: Organization, home: Site
) -> None:
    customer = logged_in(member_of(acme, "ann@acme.example"))
    assert 'href="/site/"' in text_of(keeper)
    assert 'href="/site/"' not in text_of(customer, "/app/")
