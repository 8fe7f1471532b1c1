"""Who opens a site staff's pages: its owner, a viewer of its staff, another site's staff."""

import pytest
from django.test import Client

from accounts.models import Site, SiteDomain, SiteStaff, StaffRole, User
from billing.models import Plan, SiteTerms
from tests.factories import accounts
from tests.pages.people import confirmed, logged_in

OTHER_HOST = "other.example"


@pytest.fixture
def home(site: Site) -> Site:
    """The cast's site, answering at the test client's host."""
    SiteDomain.objects.create(domain="testserver", site=site)
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(pk="default"))
    return site


@pytest.fixture
def other_site(home: Site) -> Site:
    other = accounts.site("other", name="Other Models", currency="CNY")
    SiteDomain.objects.create(domain=OTHER_HOST, site=other)
    SiteTerms.objects.create(site=other, plan=Plan.objects.get(pk="default"))
    return other


def staff_of(site: Site, email: str, role: str = StaffRole.OWNER) -> User:
    user = User.objects.create_user(email)
    SiteStaff.objects.create(site=site, user=user, role=role)
    return user


@pytest.fixture
def keeper(home: Site) -> Client:
    """The owner of the site, who is nobody's customer."""
    return confirmed(staff_of(home, "keeper@acme.example"))


@pytest.fixture
def onlooker(home: Site) -> Client:
    """Staff of the site who may only look."""
    return logged_in(staff_of(home, "onlooker@acme.example", StaffRole.VIEWER))


@pytest.fixture
def operator(home: Site) -> Client:
    return confirmed(User.objects.create_user("op@example.com", is_operator=True))


@pytest.fixture
def outsider(other_site: Site) -> Client:
    """The owner of another site."""
    return confirmed(staff_of(other_site, "outsider@other.example"))
