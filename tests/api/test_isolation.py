"""Nothing of another customer or site is to be had by any address, and no address is open to
those whom it is not for."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from accounts import api_keys, invitations
from accounts.api.schema import document
from accounts.models import Organization, Role, Site
from tests.api.conftest import OTHER_HOST
from tests.api.programs import Program, actor, problem
from tests.factories import accounts, calls
from tests.pages.people import member_of


def addresses(prefix: str) -> Iterator[tuple[str, str]]:
    for path, methods in document()["paths"].items():
        if re.match(prefix, path):
            yield from ((method.upper(), path) for method in methods)


ORGANIZATIONS = sorted(addresses(r"/api/v1/organizations/"))
SITES = sorted(addresses(r"/api/v1/site(/|$)"))
OPS = sorted(addresses(r"/api/v1/ops/"))


@pytest.fixture
def ids(acme: Organization, ours: Program) -> dict[str, str]:
    """Things of acme's that exist."""
    user = member_of(acme, "viewer@acme.example", Role.VIEWER)
    boss = actor(user)
    return {
        "organization_id": acme.pk,
        "key_id": api_keys.mint(acme, name="k").key.pk,
        "member_id": str(user.memberships.get().pk),
        "invitation_id": invitations.invite(acme, "new@acme.example", "viewer", by=boss).pk,
        "request_id": calls.record(acme).request_id,
    }


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: ids.get(match[1], "1"), path)


@pytest.mark.parametrize(("method", "path"), ORGANIZATIONS)
def test_a_stranger_s_token_finds_nothing(
    strangers: Program, ids: dict[str, str], method: str, path: str
) -> None:
    assert problem(strangers.call(method, filled(path, ids), {}))[0] == 404


@pytest.mark.parametrize("path", [path for method, path in ORGANIZATIONS if method == "GET"])
def test_things_of_others_are_not_found_under_one_s_own(
    strangers: Program, ids: dict[str, str], path: str
) -> None:
    if path.count("{") < 2:
        return
    theirs = ids | {"organization_id": "org_globex"}
    assert problem(strangers.get(filled(path, theirs)))[0] == 404


@pytest.mark.parametrize(("method", "path"), SITES + OPS)
def test_customers_find_no_staff_s_place(
    ours: Program, ids: dict[str, str], method: str, path: str
) -> None:
    assert problem(ours.call(method, filled(path, ids), {}))[0] == 404


@pytest.mark.parametrize(("method", "path"), OPS)
def test_a_site_s_token_does_not_hold_the_deployment_s_scopes(
    keepers: Program, ids: dict[str, str], method: str, path: str
) -> None:
    assert problem(keepers.call(method, filled(path, ids), {}))[0] in (403, 404)


@pytest.mark.parametrize(("method", "path"), [*ORGANIZATIONS, *SITES, *OPS])
def test_nobody_gets_in_without_a_token(client: Client, site: Site, method: str, path: str) -> None:
    assert problem(client.generic(method, filled(path, {})))[0] == 401


def test_a_customer_of_another_site_is_not_found(
    keepers: Program, operators: Program, other_site: Site
) -> None:
    other = accounts.organization("Elsewhere", on=other_site)
    path = f"site/customers/{other.pk}"
    assert problem(keepers.get(path)) == (404, "not_found")
    assert problem(operators.get(path)) == (404, "not_found")
    assert operators.get(path, host=OTHER_HOST).status_code == 200
    assert problem(keepers.get("site", host=OTHER_HOST))[0] == 401
