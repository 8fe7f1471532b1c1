"""Sign-up makes a customer of the request's site; answers about addresses tell nothing."""

import re

import pytest
from django.core import mail
from django.test import Client

from accounts.models import Membership, Organization, Role, Site, User
from tests.pages.people import PASSWORD


@pytest.fixture
def owner(owner: User) -> User:
    """acme's owner, with a password."""
    owner.set_password(PASSWORD)
    owner.save()
    return owner


SIGN_UP = {"email": "New@Person.example", "password1": PASSWORD, "organization": "Initech"}


def test_sign_up_makes_an_organization_that_its_user_owns(client: Client, site: Site) -> None:
    response = client.post("/accounts/signup/", SIGN_UP)
    assert response.headers["Location"] == "/app/"
    membership = Membership.objects.get(user__email="new@person.example")
    assert membership.role == Role.OWNER
    assert (membership.organization.name, membership.organization.site) == ("Initech", site)
    assert client.get("/app/").status_code == 200


def test_an_organization_without_a_name_takes_the_mail_address(client: Client, site: Site) -> None:
    client.post("/accounts/signup/", {**SIGN_UP, "organization": ""})
    assert Organization.objects.get(members__email="new@person.example").name == "new"


def test_a_weak_password_is_refused_beside_its_field(client: Client, site: Site) -> None:
    response = client.post("/accounts/signup/", {**SIGN_UP, "password1": "short"})
    assert b'aria-describedby="id_password1_hint id_password1_error"' in response.content
    assert not User.objects.exists()


def test_log_in_and_out(client: Client, owner: User) -> None:
    response = client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    assert response.headers["Location"] == "/app/"
    assert client.get("/accounts/logout/").status_code == 200  # asks, does not act
    assert client.get("/app/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/app/").headers["Location"] == "/accounts/login/?next=/app/"


@pytest.mark.parametrize("email", ["owner@acme.example", "nobody@acme.example"])
def test_a_failed_log_in_says_the_same_of_known_and_unknown(
    client: Client, owner: User, email: str
) -> None:
    response = client.post("/accounts/login/", {"login": email, "password": "wrong-password"})
    text = re.sub(r"\s+", " ", response.content.decode())
    assert "The email address and/or password you specified are not correct." in text


def test_a_password_reset_works_and_answers_alike_for_unknown_addresses(
    client: Client, owner: User
) -> None:
    for email in (owner.email, "nobody@acme.example"):
        response = client.post("/accounts/password/reset/", {"email": email})
        assert response.headers["Location"] == "/accounts/password/reset/done/"
    known, unknown = mail.outbox
    assert known.subject == "Acme AI: set a new password"
    assert known.from_email.startswith('"Acme AI" <')
    assert "no account" in unknown.subject
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(known.body))
    assert link
    form = client.get(link[1], follow=True)
    assert form.status_code == 200
    fields = {"password1": "another-good-one", "password2": "another-good-one"}
    client.post(form.redirect_chain[-1][0], fields)
    owner.refresh_from_db()
    assert owner.check_password("another-good-one")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Create an account"), ("zh-hans", "创建账号"), ("zh-hant", "建立帳號")],
)
def test_sign_up_speaks_the_language_of_the_site(
    client: Client, site: Site, language: str, words: str
) -> None:
    Site.objects.filter(pk=site.pk).update(language=language)
    page = client.get("/accounts/signup/").content.decode()
    assert words in page
    assert "Acme AI" in page


def test_a_login_without_an_organization_here_makes_one(client: Client, site: Site) -> None:
    client.force_login(User.objects.create_user("lone@example.com"))
    assert client.get("/app/").headers["Location"] == "/app/new-organization"
    client.post("/app/new-organization", {"name": "Lone Stars"})
    assert "Lone Stars" in client.get("/app/").content.decode()
