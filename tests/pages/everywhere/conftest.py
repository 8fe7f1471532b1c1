"""What every page is looked at with: one object of everything, and somebody who may see it all."""

from collections.abc import Mapping
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client
from django.utils import timezone

from accounts import invitations
from accounts.models import ApiKey, FirstRun, Invitation, Organization, User
from billing import gates
from tests.pages import world
from tests.pages.authorization.addresses import PATTERNS
from tests.pages.authorization.asking import AddressOf
from tests.pages.everywhere.pages import (
    MORE,
    NEWCOMER,
    NO_PAGE,
    ODD,
    PERSON,
    SEEN_BY,
    STATUS,
    VISITOR,
    Page,
)
from tests.pages.named import address_of, home, upstream
from tests.pages.named import arguments as named
from tests.pages.people import confirmed, has_password, member_of
from tests.pages.second_factors import give_app, give_passkey
from tests.pages.served import address, server, unsafe

__all__ = ["address", "address_of", "home", "named", "server", "unsafe", "upstream"]


@pytest.fixture
def person(acme: Organization) -> User:
    """acme's owner, who is an operator too and has every second factor."""
    user = has_password(member_of(acme, "owner@acme.example"))
    User.objects.filter(pk=user.pk).update(is_operator=True)
    give_app(user)
    RecoveryCodes.activate(user)
    return user


@pytest.fixture
def passkey(person: User) -> Authenticator:
    return give_passkey(person)


@pytest.fixture
def arguments(named: dict[str, Any], passkey: Authenticator) -> dict[str, Any]:
    """As for the authorization's tests; but the passkey is the person's, and the invitation's link
    works."""
    link = invitations._hash(named["token"])
    Invitation.objects.filter(pk=named["invitation_id"]).update(token_hash=link)
    return named | {"pk": passkey.pk}


@pytest.fixture
def clients(acme: Organization, acme_key: ApiKey, person: User) -> Mapping[str, Client]:
    """Browsers of those who look, once there is something to see."""
    world.fill(acme, acme_key)
    # The wizard of a new deployment is under way.
    FirstRun.objects.create(made_at=timezone.now(), claimed_at=timezone.now())
    gates.open_gates()
    newcomer = has_password(User.objects.create_user("newcomer@example.com"))
    return {
        VISITOR: Client(),
        NEWCOMER: confirmed(newcomer),
        PERSON: confirmed(person, method="mfa"),
    }


@pytest.fixture
def pages(clients: Mapping[str, Client], address_of: AddressOf) -> list[Page]:
    """Every page that there is."""
    found = [Page(PERSON, path, status) for path, status in ODD.items()]
    for name, pattern in PATTERNS.items():
        path, viewer = address_of(pattern), SEEN_BY.get(name, PERSON)
        # Asked what it takes, as showing all pages only to find them would take longer.
        if name not in NO_PAGE and "GET" in clients[viewer].options(path).get("Allow", "GET"):
            status, queries = STATUS.get(name, 200), ("", *MORE.get(name, ()))
            found += [Page(viewer, path + query, status) for query in queries]
    return found
