"""What no text in the database can be names nothing: addresses and forms with a NUL get a 404."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization, Site
from billing.models import Model

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small(acme: Organization) -> Model:
    return Model.objects.create(pk="small")


@pytest.mark.parametrize(
    "address",
    [
        "/ops/models/id/%00",
        "/ops/models/prices/%00",
        "/ops/models/routing/%00",
        "/ops/sites/id/{site}/models?model=%00",
        "/ops/sites/id/{site}/announcements?edit=%00",
        "/ops/organizations/id/{customer}/contract?model=%00",
    ],
)
def test_an_address_with_a_nul_leads_nowhere(
    operator: Client, acme: Organization, home: Site, address: str
) -> None:
    found = operator.get(address.format(site=home.pk, customer=acme.pk))
    assert found.status_code == 404


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/ops/sites/id/{site}/models", {"act": "offer", "model": "\0"}),
        ("/ops/organizations/id/{customer}/plan", {"plan": "\0"}),
    ],
)
def test_a_form_with_a_nul_changes_nothing(
    operator: Client, acme: Organization, home: Site, address: str, sent: dict[str, Any]
) -> None:
    answer = operator.post(address.format(site=home.pk, customer=acme.pk), sent)
    assert answer.status_code == 404
