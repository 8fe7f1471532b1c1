"""Everybody who asks, beside what they ask for."""

from collections.abc import Mapping

import pytest

from accounts.models import Organization
from tests.factories import accounts
from tests.pages.authorization.people import everybody
from tests.pages.named import address_of, arguments, home, upstream

__all__ = ["address_of", "arguments", "home", "upstream"]


@pytest.fixture
def abroad(db: None) -> Organization:
    """A customer of another site."""
    return accounts.organization("Abroad", on=accounts.site("abroad"))


@pytest.fixture
def sessions(acme: Organization, globex: Organization, abroad: Organization) -> Mapping[str, str]:
    """Everybody's, by name."""
    return everybody(acme, globex, abroad)
