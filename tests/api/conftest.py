"""Programs that call the management API: acme's owner's, a stranger's, a site's, an operator's."""

import pytest
from redis import Redis

from accounts.models import (
    Organization,
    Role,
    Site,
    SiteDomain,
    SiteStaff,
    StaffRole,
    TokenKind,
    User,
)
from billing.models import Plan, SiteTerms
from tests.api.programs import Program, program
from tests.factories import accounts
from tests.pages.people import member_of

OTHER_HOST = "other.example"


@pytest.fixture(autouse=True)
def nobody_failed(empty_redis: Redis) -> None:
    """Tokens that open nothing are counted by address, and every test has the same one."""


@pytest.fixture
def site(site: Site) -> Site:
    """The cast's site, answering at the test client's host."""
    SiteDomain.objects.create(domain="testserver", site=site)
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(pk="default"))
    return site


@pytest.fixture
def other_site(site: Site) -> Site:
    other = accounts.site("other", name="Other Models", currency="CNY")
    SiteDomain.objects.create(domain=OTHER_HOST, site=other)
    SiteTerms.objects.create(site=other, plan=Plan.objects.get(pk="default"))
    return other


@pytest.fixture
def owner(acme: Organization) -> User:
    return member_of(acme, "owner@acme.example")


@pytest.fixture
def ours(owner: User, site: Site) -> Program:
    """acme's owner's program, which may do all that its owner may."""
    return program(owner, site=site)


@pytest.fixture
def strangers(globex: Organization, site: Site) -> Program:
    """The same of another customer."""
    return program(member_of(globex, "owner@globex.example", Role.OWNER), site=site)


@pytest.fixture
def keepers(site: Site) -> Program:
    """The site's own."""
    keeper = User.objects.create_user("keeper@acme-ai.example")
    SiteStaff.objects.create(site=site, user=keeper, role=StaffRole.OWNER)
    return program(keeper, TokenKind.SITE, site=site)


@pytest.fixture
def operators(site: Site) -> Program:
    """The deployment's."""
    operator = User.objects.create_user("operator@example.com", is_operator=True)
    return program(operator, TokenKind.OPERATOR)
