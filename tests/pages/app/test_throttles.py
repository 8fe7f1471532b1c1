"""Too many attempts are answered 429 with the time to wait, alike for known and unknown people."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import Invitation, Site, User
from accounts.web import throttles
from devstack.process import free_port
from tests.pages.people import PASSWORD, confirmed

WRONG = "wrong-password"


@pytest.fixture
def owner(owner: User) -> User:
    """acme's owner, with a password."""
    owner.set_password(PASSWORD)
    owner.save()
    return owner


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.parametrize("email", ["owner@acme.example", "nobody@acme.example"])
def test_guessing_a_password_is_stopped_for_known_and_unknown_alike(
    client: Client, owner: User, email: str
) -> None:
    answers = [
        text_of(client.post("/accounts/login/", {"login": email, "password": WRONG}))
        for _ in range(6)
    ]
    assert all("are not correct" in answer for answer in answers[:5])
    assert "Too many failed login attempts" in answers[5]
    right = client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert right.status_code == 200  # not even the right one is taken now


def test_the_page_says_how_long_to_wait(client: Client, site: Site, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    for _ in range(2):
        client.post("/accounts/login/", {"login": "a@b.example", "password": WRONG})
    response = client.post("/accounts/login/", {"login": "a@b.example", "password": WRONG})
    assert response.status_code == 429
    wait = int(response.headers["Retry-After"])
    assert 50 <= wait <= 60
    assert f"Please wait {wait} seconds" in text_of(response)


def test_resets_are_throttled_alike(client: Client, owner: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": "1/h/key"}
    statuses = [
        client.post("/accounts/password/reset/", {"email": email}).status_code
        for email in (owner.email, owner.email, "nobody@x.example", "nobody@x.example")
    ]
    assert statuses == [302, 429, 302, 429]
    response = client.post("/accounts/password/reset/", {"email": owner.email})
    assert "minutes, then try again" in text_of(response)
    assert len(mail.outbox) == 2


def test_sign_ups_from_one_address_are_bounded(client: Client, site: Site, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"signup": "1/h/ip"}
    form = {"email": "one@x.example", "password1": PASSWORD}
    assert client.post("/accounts/signup/", form).status_code == 302
    again = Client().post("/accounts/signup/", form | {"email": "two@x.example"})
    assert again.status_code == 429
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    form = form | {"email": "three@x.example"}
    assert elsewhere.post("/accounts/signup/", form).status_code == 302


def test_a_header_of_the_callers_own_is_no_other_address(
    client: Client, site: Site, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/h/ip"}
    statuses = [
        client.post(
            "/accounts/login/",
            {"login": "a@b.example", "password": WRONG},
            headers={"x-forwarded-for": f"203.0.113.{n}"},
        ).status_code
        for n in range(2)
    ]
    assert statuses == [200, 429]


def test_invitations_are_bounded_by_person(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "RATES", {"invite": "1/h/user"})
    client = confirmed(owner)
    first, second = (
        client.post("/app/team", {"email": f"p{n}@x.example", "role": "viewer"}) for n in range(2)
    )
    assert (first.status_code, second.status_code) == (302, 429)
    assert Invitation.objects.count() == 1


def test_without_redis_people_still_log_in(client: Client, owner: User, settings: Any) -> None:
    port = free_port()  # where nobody listens
    settings.CACHES = settings.CACHES | {
        "default": settings.CACHES["default"] | {"LOCATION": f"redis://127.0.0.1:{port}/0"}
    }
    response = client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    assert response.status_code == 302


@pytest.mark.parametrize("email", ["owner@acme.example", "new@person.example"])
def test_where_addresses_must_be_verified_sign_up_tells_nobody_apart(
    client: Client, owner: User, settings: Any, email: str
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    response = client.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    assert response.headers["Location"] == "/accounts/confirm-email/"
    assert mail.outbox[-1].to == [email]
    assert client.get("/app/").status_code == 302


def test_sign_up_that_tells_addresses_apart_does_so_a_few_times_an_hour(
    client: Client, owner: User
) -> None:
    taken = {"email": owner.email, "password1": PASSWORD}
    answers = [client.post("/accounts/signup/", taken).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]
    free = {"email": "new@person.example", "password1": PASSWORD}
    assert client.post("/accounts/signup/", free).status_code == 429
    assert not User.objects.filter(email="new@person.example").exists()
