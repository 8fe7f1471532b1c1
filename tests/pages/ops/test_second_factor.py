"""Staff pages stay shut to staff who have no second factor, or have not used it."""

from typing import Any

import pytest

from accounts.models import Site, SiteStaff, StaffRole, User
from tests.pages.people import confirmed, logged_in
from tests.pages.second_factors import code_of, give_app, secret_on

SET_UP = "/app/settings/security"


@pytest.fixture(autouse=True)
def required(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = "required"


@pytest.fixture(params=["/ops/", "/site/"])
def page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def staff(home: Site, page: str) -> User:
    """An operator, or an owner among the site's staff: whoever may open the page."""
    user = User.objects.create_user("staff@example.com", is_operator=page == "/ops/")
    if page == "/site/":
        SiteStaff.objects.create(site=home, user=user, role=StaffRole.OWNER)
    return user


def test_without_one_the_page_leads_to_setting_one_up(staff: User, page: str) -> None:
    client = confirmed(staff)
    response = client.get(page, follow=True)
    assert response.redirect_chain == [(SET_UP, 302)]
    assert "Staff pages need a second factor" in response.content.decode()
    assert client.post(page).status_code in (302, 405)


@pytest.mark.django_db(transaction=True)
def test_setting_one_up_opens_the_page(staff: User, page: str) -> None:
    client = confirmed(staff)
    secret = secret_on(client, f"{SET_UP}/app")
    client.post(f"{SET_UP}/app", {"code": code_of(secret)})
    assert client.get(page).status_code == 200


def test_a_session_that_has_not_used_it_is_asked(staff: User, page: str) -> None:
    secret = give_app(staff)
    client = confirmed(staff)  # by password alone
    asked = client.get(page).headers["Location"]
    assert asked.startswith("/accounts/reauthenticate/code/?next=")
    client.post(asked, {"code": code_of(secret), "next": page})
    assert client.get(page).status_code == 200


def test_a_fragment_reloads_its_page(staff: User, page: str) -> None:
    response = logged_in(staff).get(page, headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Refresh"]) == (204, "true")


def test_a_session_that_used_it_goes_on(staff: User, page: str) -> None:
    assert confirmed(staff, method="mfa").get(page).status_code == 200


def test_strangers_learn_nothing_of_it(home: Site, page: str) -> None:
    client = logged_in(User.objects.create_user("eve@example.com"))
    assert client.get(page).status_code == 404


def test_a_developers_stack_may_do_without(staff: User, page: str, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = "optional"
    assert logged_in(staff).get(page).status_code == 200
