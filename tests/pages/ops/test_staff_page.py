"""The page of the operators: made and unmade by operators who proved who they are."""

import pytest
from django.test import Client

from accounts.models import Site, User
from tests.pages.people import confirmed, has_password, logged_in

PAGE = "/ops/staff"


@pytest.fixture
def op(home: Site) -> User:
    return User.objects.create_user("op@example.com", is_operator=True)


def test_an_operator_makes_another_and_ends_it(op: User) -> None:
    bob = User.objects.create_user("bob@example.com")
    client = confirmed(op)
    assert client.post(PAGE, {"email": "nobody@example.com"}).status_code == 422
    client.post(PAGE, {"email": bob.email})
    assert "bob@example.com" in client.get(PAGE).content.decode()
    assert client.get(f"{PAGE}/{bob.pk}/remove").status_code == 200
    client.post(f"{PAGE}/{bob.pk}/remove")
    bob.refresh_from_db()
    assert not bob.is_operator


def test_the_last_operator_is_told_to_stay(op: User) -> None:
    page = confirmed(op).post(f"{PAGE}/{op.pk}/remove", follow=True).content.decode()
    assert "The last operator has to stay" in page


def test_a_session_that_is_not_fresh_is_asked_first(op: User) -> None:
    bob = User.objects.create_user("bob@example.com")
    response = logged_in(has_password(op)).post(PAGE, {"email": bob.email})
    assert response.headers["Location"] == "/accounts/reauthenticate/?next=%2Fops%2Fstaff"
    bob.refresh_from_db()
    assert not bob.is_operator


def test_nobody_else_finds_it(owner: Client, op: User) -> None:
    assert owner.get(PAGE).status_code == 404
    assert owner.post(f"{PAGE}/{op.pk}/remove").status_code == 404


def test_a_form_leads_back_to_the_page_it_stood_on(op: User) -> None:
    client = logged_in(has_password(op))
    path = "/ops/upstreams/id/vendor/credentials"
    for referer, back in (
        ("http://testserver/ops/upstreams/id/vendor", "%2Fops%2Fupstreams%2Fid%2Fvendor"),
        ("https://evil.example/", "%2Fops%2Fupstreams%2Fid%2Fvendor%2Fcredentials"),
    ):
        response = client.post(path, {"secret": "sk"}, headers={"referer": referer})
        assert response.headers["Location"] == f"/accounts/reauthenticate/?next={back}"
