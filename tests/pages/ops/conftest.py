"""Who opens the operators' pages: an operator of the deployment, a customer's owner, a visitor."""

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Role, Site, SiteDomain, User
from billing.models import Model, Plan, SiteTerms
from relay.models import Upstream
from tests.pages.people import confirmed


@pytest.fixture
def home(site: Site) -> Site:
    """The cast's site, answering at the test client's host."""
    SiteDomain.objects.create(domain="testserver", site=site)
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(pk="default"))
    return site


@pytest.fixture
def operator(home: Site) -> Client:
    """An operator who has just logged in, and belongs to no organization."""
    return confirmed(User.objects.create_user("op@example.com", is_operator=True))


@pytest.fixture
def owner(home: Site, acme: Organization) -> Client:
    """A logged-in owner of acme."""
    user = User.objects.create_user("ann@acme.example")
    Membership.objects.create(organization=acme, user=user, role=Role.OWNER)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def visitor(home: Site) -> Client:
    return Client()


@pytest.fixture
def upstream(db: None) -> Upstream:
    upstream = Upstream(id="vendor", base_url="https://api.example.com/v1", provider="openai")
    upstream.set_credential("sk-vendor-12345678")
    upstream.save()
    return upstream


@pytest.fixture
def model(db: None) -> Model:
    return Model.objects.create(pk="openai/gpt-4o")
