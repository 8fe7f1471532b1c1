"""A site's staff see that an operator did something, not which one; operators see who it was."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import audit, customer_notes
from accounts.models import Organization, Site, User, Via
from billing import prices, redeem_codes
from billing.models import Model
from tests.api.programs import document, program
from tests.pages.site.conftest import staff_of

MAIL = "root@deployment.example"


@pytest.fixture(autouse=True)
def acts(home: Site, acme: Organization) -> None:
    """What one operator left behind on every page that says who did it."""
    root = User.objects.create_user(MAIL, is_operator=True)
    by = audit.Actor(Via.PAGE, MAIL, root)
    model = Model.objects.create(pk="small")
    later = timezone.now() + timedelta(days=1)
    prices.publish(model, components={"request": 1}, by=by)
    prices.publish(model, site=home, components={"request": 2}, by=by, effective_from=later)
    prices.publish(model, organization=acme, components={"request": 3}, by=by)
    customer_notes.add(acme, "calls back", by=by)
    redeem_codes.create(home, name="spring", amount_nanos=5, count=1, by=by)


@pytest.mark.parametrize(
    ("address", "of_operators"),
    [
        ("/site/prices/id/small", "/ops/models/prices/small"),
        ("/site/codes", "/ops/codes"),
        ("/site/customers/id/{}?tab=notes", "/ops/organizations/id/{}?tab=notes"),
        ("/site/customers/id/{}?tab=prices", "/ops/organizations/id/{}?tab=prices"),
    ],
)
def test_pages_name_operators_to_operators_alone(
    keeper: Client, operator: Client, acme: Organization, address: str, of_operators: str
) -> None:
    page = keeper.get(address.format(acme.pk)).content.decode()
    assert MAIL not in page
    assert ">operator<" in page
    assert MAIL in operator.get(of_operators.format(acme.pk)).content.decode()


@pytest.mark.parametrize(
    ("address", "field"),
    [("site/codes", "created_by"), ("site/customers/{}/notes", "author")],
)
def test_programs_of_a_site_are_not_told_either(
    home: Site, acme: Organization, address: str, field: str
) -> None:
    keepers = program(staff_of(home, "keeper2@acme.example"), site=home)
    (row,) = document(keepers.get(address.format(acme.pk)))["items"]
    assert row[field] == "operator"
