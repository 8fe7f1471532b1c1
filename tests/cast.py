"""The fixed cast: acme is ours, globex is a stranger on the same site, zero has no credit.

`gate` empties the session's own Redis and opens the site from what Postgres holds at that moment.
"""

import pytest
from redis import Redis

from accounts.models import ApiKey, Organization, Site
from billing import connections, gates
from tests.factories import accounts, billing


@pytest.fixture
def site(db: None) -> Site:
    return accounts.site()


@pytest.fixture
def acme(site: Site) -> Organization:
    """100.00 of credit."""
    organization = accounts.organization("Acme", on=site)
    billing.money(organization, 100)
    return organization


@pytest.fixture
def globex(site: Site) -> Organization:
    """50.00 of credit."""
    organization = accounts.organization("Globex", on=site)
    billing.money(organization, 50)
    return organization


@pytest.fixture
def zero(site: Site) -> Organization:
    return accounts.organization("Zero", on=site)


@pytest.fixture
def acme_key(acme: Organization) -> ApiKey:
    return accounts.api_key(acme)


@pytest.fixture
def empty_redis() -> Redis:
    """The session's own Redis with nothing in it: every gate is closed."""
    redis = connections.redis()
    redis.flushall()
    return redis


@pytest.fixture
def gate(empty_redis: Redis, acme: Organization, globex: Organization, zero: Organization) -> Redis:
    """The gate of the cast's site, open."""
    assert gates.open_gates() >= 1
    return empty_redis
