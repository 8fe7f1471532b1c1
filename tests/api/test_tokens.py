"""A token opens what its scopes and its maker's role at that moment both allow, and no more."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import api_tokens
from accounts.models import (
    ApiToken,
    AuditRecord,
    Membership,
    Organization,
    Role,
    Site,
    TokenKind,
    User,
)
from tests.api.conftest import OTHER_HOST
from tests.api.programs import Program, actor, document, problem, program
from tests.pages.people import confirmed, member_of

KEYS = "organizations/org_acme/keys"


def test_it_says_who_it_is(ours: Program, acme: Organization) -> None:
    me = document(ours.get("me"))
    assert (me["user"], me["token"]) == ("owner@acme.example", ours.token.pk)
    assert [each["organization"]["id"] for each in me["organizations"]] == [acme.pk]
    ours.token.refresh_from_db()
    assert ours.token.last_used_at is not None


@pytest.mark.parametrize("header", ["", "Bearer tgp_nothing", "Basic YTpi", "Bearer "])
def test_what_is_no_token_is_401(client: Client, site: Site, header: str) -> None:
    response = client.get("/api/v1/me", headers={"Authorization": header} if header else {})
    assert problem(response)[0] == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_one_that_ended_is_401(ours: Program, owner: User) -> None:
    api_tokens.revoke(ours.token, by=actor(owner))
    assert problem(ours.get("me"))[0] == 401
    late = program(owner, site=ours.token.site)
    ApiToken.objects.filter(pk=late.token.pk).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert problem(late.get("me"))[0] == 401


def test_one_of_another_site_is_401(ours: Program, other_site: Site) -> None:
    assert problem(ours.get("me", host=OTHER_HOST))[0] == 401


def test_a_missing_scope_is_named(owner: User, site: Site) -> None:
    reader = program(owner, site=site, scopes=["keys:read"])
    document(reader.get(KEYS))
    response = reader.post(KEYS, {"name": "new"})
    assert problem(response) == (403, "missing_scope")
    assert response.json()["errors"][0]["detail"] == "keys:write"


def test_writing_includes_reading(owner: User, site: Site) -> None:
    listed = program(owner, site=site, scopes=["keys:write"]).get(KEYS)
    assert document(listed)["items"] == []


def test_it_falls_with_the_role_of_its_maker(ours: Program, acme: Organization) -> None:
    Membership.objects.update(role=Role.VIEWER)
    assert problem(ours.post(KEYS, {"name": "new"})) == (403, "not_allowed")
    Membership.objects.all().delete()
    assert problem(ours.get(KEYS)) == (404, "not_found")


def test_an_organization_s_reaches_no_other(owner: User, acme: Organization, site: Site) -> None:
    second = Organization.objects.create(pk="org_second", name="Second", site=site)
    Membership.objects.create(organization=second, user=owner, role=Role.OWNER)
    service = program(owner, TokenKind.ORGANIZATION, site=site, organization=acme)
    document(service.get(KEYS))
    assert problem(service.get("organizations/org_second/keys")) == (404, "not_found")


def test_a_service_token_acts_in_its_own_name(owner: User, acme: Organization, site: Site) -> None:
    service = program(owner, TokenKind.ORGANIZATION, site=site, organization=acme)
    document(service.post(KEYS, {"name": "made by a service"}))
    row = AuditRecord.objects.get(action="key.create")
    assert (row.via, row.actor_name) == ("api", str(service.token))


def test_scopes_are_checked_when_it_is_made(owner: User, site: Site) -> None:
    for scopes in ([], ["keys:destroy"], ["ops:write"]):
        with pytest.raises(api_tokens.TokenRefused) as refused:
            api_tokens.make(TokenKind.SITE, name="x", scopes=scopes, by=actor(owner), site=site)
        assert refused.value.field == "scopes"


def test_a_session_works_too_and_needs_its_csrf_token(owner: User, acme: Organization) -> None:
    browser = confirmed(owner)
    assert browser.get("/api/v1/me").json()["token"] is None
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    response = strict.post(f"/api/v1/{KEYS}", {"name": "x"}, content_type="application/json")
    assert response.status_code == 403


def test_a_developer_sees_and_ends_only_their_own_keys(acme: Organization, site: Site) -> None:
    boss = program(member_of(acme, "boss@acme.example"), site=site)
    other = document(boss.post(KEYS, {"name": "boss's"}))["key"]["id"]
    developer = program(member_of(acme, "dev@acme.example", Role.DEVELOPER), site=site)
    own = document(developer.post(KEYS, {"name": "own"}))["key"]["id"]
    assert [each["id"] for each in document(developer.get(KEYS))["items"]] == [own]
    assert problem(developer.post(f"{KEYS}/{other}/revoke"))[0] == 404
    assert document(developer.post(f"{KEYS}/{own}/revoke"))["state"] == "revoked"
