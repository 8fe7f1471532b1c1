"""Operators choose how a site answers a call without credit; the rest comes from the catalog."""

from django.test import Client
from django.urls import reverse

from accounts.models import Site


def test_the_status_is_changed(operator: Client, home: Site) -> None:
    operator.post(reverse("ops_site", args=[home.pk]), {"no_credit_status": "429"})
    home.refresh_from_db()
    assert home.no_credit_status == 429


def test_no_other_status_and_no_other_field_is(operator: Client, home: Site) -> None:
    address = reverse("ops_site", args=[home.pk])
    assert operator.post(address, {"no_credit_status": "200"}).status_code == 422
    operator.post(address, {"no_credit_status": "403", "currency": "EUR", "name": "Mine"})
    home.refresh_from_db()
    assert (home.no_credit_status, home.currency, home.name) == (403, "USD", "Acme AI")


def test_sites_are_listed_with_domains_and_plan(operator: Client, home: Site) -> None:
    text = operator.get(reverse("ops_sites")).content.decode()
    assert "testserver" in text
    assert "default" in text


def test_a_site_that_sells_nothing_yet_has_its_pages(operator: Client, home: Site) -> None:
    Site.objects.create(pk="bare", name="Bare")
    for address in (reverse("ops_sites"), reverse("ops_site", args=["bare"])):
        assert operator.get(address).status_code == 200


def test_the_choice_can_be_left_to_the_error_contract(operator: Client, home: Site) -> None:
    home.preset, home.no_credit_status = "modelstudio", 403
    home.save()
    operator.post(reverse("ops_site", args=[home.pk]), {"no_credit_status": ""})
    home.refresh_from_db()
    assert home.no_credit_status is None
    # the list shows what callers get
    assert "<td>429</td>" in operator.get(reverse("ops_sites")).content.decode()
