"""A person's own safety: app, recovery codes, sessions; each change leaves a trace and a mail."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client

from accounts.models import AuditRecord, Site, User
from tests.pages.people import PASSWORD, confirmed, logged_in
from tests.pages.second_factors import code_of, give_app, secret_on

SECURITY = "/app/settings/security"
CREDENTIALS = {"login": "owner@acme.example", "password": PASSWORD}


@pytest.fixture
def owner(owner: User) -> User:
    """acme's owner, with a password."""
    owner.set_password(PASSWORD)
    owner.save()
    return owner


@pytest.mark.django_db(transaction=True)
def test_an_app_is_set_up_and_its_codes_are_shown_once(owner: User) -> None:
    client = confirmed(owner)
    secret = secret_on(client, f"{SECURITY}/app")
    assert client.post(f"{SECURITY}/app", {"code": "000000"}).status_code == 200
    response = client.post(f"{SECURITY}/app", {"code": code_of(secret)})
    assert response.headers["Location"] == f"{SECURITY}/codes"
    first, again = (client.get(f"{SECURITY}/codes").content.decode() for _ in range(2))
    assert "I have stored them" in first
    assert "I have stored them" not in again
    assert AuditRecord.objects.filter(action="second_factor.add", actor=owner).exists()
    assert mail.outbox[-1].to == [owner.email]
    app = Authenticator.objects.get(type="totp")
    assert secret not in str(app.data)


def test_a_page_of_second_factors_asks_who_it_is_first(owner: User) -> None:
    client = logged_in(owner)
    for page in ("app", "codes/new", "passkeys/new"):
        response = client.get(f"{SECURITY}/{page}")
        assert response.headers["Location"].startswith("/accounts/reauthenticate/")


def test_log_in_asks_for_the_code(client: Client, site: Site, owner: User) -> None:
    secret = give_app(owner)
    response = client.post("/accounts/login/", CREDENTIALS)
    assert response.headers["Location"] == "/accounts/login/code/"
    assert client.get("/app/").status_code == 302
    assert client.post("/accounts/login/code/", {"code": "123"}).status_code == 200
    response = client.post("/accounts/login/code/", {"code": code_of(secret)})
    assert response.headers["Location"] == "/app/"
    assert client.get("/app/").status_code == 200


def test_turning_the_app_off_leaves_a_trace(owner: User) -> None:
    give_app(owner)
    client = confirmed(owner)
    assert client.post(f"{SECURITY}/app/remove").headers["Location"] == SECURITY
    assert not Authenticator.objects.exists()
    assert AuditRecord.objects.filter(action="second_factor.remove").exists()


def test_sessions_are_listed_and_ended(site: Site, owner: User) -> None:
    here, elsewhere = Client(), Client(headers={"user-agent": "Elsewhere/1.0"})
    for client in (here, elsewhere):
        client.post("/accounts/login/", CREDENTIALS)
    assert "Elsewhere/1.0" in here.get(SECURITY).content.decode()
    other = UserSession.objects.get(user_agent="Elsewhere/1.0")
    here.post(f"{SECURITY}/sessions/{other.pk}/end")
    assert elsewhere.get("/app/").status_code == 302
    assert here.get("/app/").status_code == 200


def test_all_other_sessions_end_at_once(site: Site, owner: User) -> None:
    clients = [Client() for _ in range(3)]
    for client in clients:
        client.post("/accounts/login/", CREDENTIALS)
    clients[0].post(f"{SECURITY}/sessions/end")
    assert [client.get("/app/").status_code for client in clients] == [200, 302, 302]


def test_a_stranger_ends_nobody_elses_session(site: Site, owner: User, stranger: User) -> None:
    client = Client()
    client.post("/accounts/login/", CREDENTIALS)
    row = UserSession.objects.get()
    assert logged_in(stranger).post(f"{SECURITY}/sessions/{row.pk}/end").status_code == 404
    assert client.get("/app/").status_code == 200


def test_other_ways_to_log_in_show_only_when_they_are_set_up(client: Client, site: Site) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "Continue with" not in page
    assert client.get("/accounts/github/login/").status_code == 404
