"""Pages of tokens: the secret is shown once, staff scopes are for staff, others' are not there."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import ApiToken, Organization, Role, Site, SiteStaff, StaffRole, User
from tests.pages.people import confirmed, member_of

PAGE = "/app/settings/tokens"
FORM = {"name": "deploy script", "days": "90", "scopes": ["keys:write"]}


def test_a_token_is_made_shown_once_and_opens(owner: User, acme: Organization) -> None:
    browser = confirmed(owner)
    page = browser.post(PAGE, FORM)
    assert page.headers["Cache-Control"] == "no-store"
    found = re.search(r"tgp_[0-9A-Za-z]{55}", page.content.decode())
    assert found is not None
    secret = found[0]
    assert secret not in browser.get(PAGE).content.decode()
    answer = Client().get(
        f"/api/v1/organizations/{acme.pk}/keys", headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 200
    browser.post(PAGE, {"revoke": ApiToken.objects.get().pk})
    assert (
        "deploy script"
        not in browser.get(PAGE).content.decode().split("<main")[1].split("tokens-title")[1]
    )


def test_it_asks_who_one_is_first(owner: User) -> None:
    response = confirmed(owner, age_s=3600).get(PAGE)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/")


def test_customers_are_offered_no_staff_scope(owner: User) -> None:
    browser = confirmed(owner)
    assert "site:write" not in browser.get(PAGE).content.decode()
    response = browser.post(PAGE, FORM | {"scopes": ["site:write"]})
    assert response.status_code == 422
    assert not ApiToken.objects.exists()


def test_staff_need_their_second_factor(site: Site, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = "required"
    keeper = User.objects.create_user("keeper@acme-ai.example")
    SiteStaff.objects.create(site=site, user=keeper, role=StaffRole.OWNER)
    assert confirmed(keeper).get(PAGE).status_code == 302
    browser = confirmed(keeper, method="mfa")
    assert "site:write" in browser.get(PAGE).content.decode()
    assert browser.post("/site/tokens", FORM | {"scopes": ["site:read"]}).status_code == 200
    assert ApiToken.objects.get().kind == "site"


@pytest.mark.parametrize(("role", "status"), [(Role.OWNER, 200), (Role.DEVELOPER, 403)])
def test_only_owners_make_the_organization_s(acme: Organization, role: str, status: int) -> None:
    browser = confirmed(member_of(acme, "somebody@acme.example", role))
    page = "/app/settings/organization-tokens"
    assert browser.get(page).status_code == status
    assert browser.post(page, FORM).status_code == status


def test_nobody_revokes_another_s(owner: User, stranger: User) -> None:
    confirmed(owner).post(PAGE, FORM)
    token = ApiToken.objects.get()
    assert confirmed(stranger).post(PAGE, {"revoke": token.pk}).status_code == 404


def test_the_operators_page_is_for_operators(owner: User, operator: User) -> None:
    assert confirmed(owner).get("/ops/tokens").status_code == 404
    browser = confirmed(operator, method="mfa")
    assert browser.post("/ops/tokens", FORM | {"scopes": ["ops:read"]}).status_code == 200
    assert ApiToken.objects.get().site_id is None


def test_the_document_is_a_page_too(client: Client, site: Site) -> None:
    page = client.get("/api/v1/docs")
    assert "/api/v1/organizations/{organization_id}/keys" in page.content.decode()
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert client.get("/api/v1/schema").json()["openapi"].startswith("3.1")
