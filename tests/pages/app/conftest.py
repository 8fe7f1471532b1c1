"""Who looks at the dashboard: a member of acme, one of globex, an operator."""

import pytest
from django.test import Client

from accounts.models import Organization, Site, SiteDomain, User
from tests.pages.people import logged_in, member_of

# Django's test client calls this host.
HOST = "testserver"


@pytest.fixture
def site(site: Site) -> Site:
    """The cast's site, answering at the test client's host."""
    SiteDomain.objects.create(domain=HOST, site=site)
    return site


@pytest.fixture
def owner(acme: Organization) -> User:
    return member_of(acme, "owner@acme.example")


@pytest.fixture
def stranger(globex: Organization) -> User:
    return member_of(globex, "owner@globex.example")


@pytest.fixture
def operator(site: Site) -> User:
    return User.objects.create_user("operator@example.com", is_operator=True)


@pytest.fixture
def page_client(owner: User) -> Client:
    """acme's owner in a browser."""
    return logged_in(owner)
