"""A new deployment belongs to whoever has its token, once; nobody else meets a wizard."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import first_run
from accounts.models import AuditRecord, FirstRun, Organization, Site, SiteDomain, User
from tests.pages.people import logged_in, member_of
from tests.pages.setup.conftest import BY, HOST, claim

pytestmark = pytest.mark.django_db


def test_every_page_of_an_empty_deployment_leads_to_the_wizard(client: Client) -> None:
    for path in ("/", "/models", "/app/", "/accounts/signup/", "/ops/"):
        assert client.get(path).headers["Location"] == "/setup"
    page = client.get("/setup")
    assert page.status_code == 200
    assert "setup_token" in page.content.decode()


def test_so_do_the_pages_of_a_site_that_came_from_a_file(token: str, client: Client) -> None:
    site = Site.objects.create(id="acme", name="Acme")
    SiteDomain.objects.create(domain=HOST, site=site)
    assert client.get("/").headers["Location"] == "/setup"
    assert client.get("/api/v1/me").status_code == 401


def test_without_a_token_a_site_that_came_from_a_file_just_answers(
    client: Client, site: Site
) -> None:
    SiteDomain.objects.create(domain=HOST, site=site)
    assert client.get("/").status_code == 200
    assert client.get("/setup").status_code == 404


def test_who_has_the_token_becomes_the_operator_and_is_led_on(token: str, client: Client) -> None:
    answer = client.post("/setup", claim(token), follow=True)
    assert answer.redirect_chain[-1][0] == "/setup/site"
    user = User.objects.get()
    assert (user.email, user.is_operator) == ("op@example.com", True)
    record = AuditRecord.objects.get(action="setup.claim")
    assert (record.actor, record.ip) == (user, "127.0.0.1")


def test_the_token_is_kept_only_as_a_hash_and_gone_once_it_was_used(
    token: str, client: Client
) -> None:
    assert token not in str(FirstRun.objects.values().get())
    client.post("/setup", claim(token))
    assert FirstRun.objects.get().token_hash == ""
    assert token not in str(list(AuditRecord.objects.values()))


def test_a_second_claim_finds_no_wizard(token: str, client: Client) -> None:
    client.post("/setup", claim(token))
    answer = Client().post("/setup", claim(token, email="late@example.com"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [{"token": "guessed"}, {"token": ""}, {"email": "nobody"}, {"password": "short"}],
)
def test_anything_wrong_leaves_the_deployment_unclaimed(
    token: str, client: Client, changes: dict[str, str]
) -> None:
    assert client.post("/setup", claim(token, **changes)).status_code == 422
    assert not User.objects.exists()


def test_a_token_that_was_replaced_is_worth_nothing(token: str, client: Client) -> None:
    newer = first_run.make_token(by=BY)
    assert client.post("/setup", claim(token)).status_code == 422
    assert client.post("/setup", claim(newer)).status_code == 302


def test_a_token_that_lay_about_is_worth_nothing(token: str, client: Client) -> None:
    FirstRun.objects.update(made_at=timezone.now() - first_run.OPEN_FOR - timedelta(seconds=1))
    assert client.post("/setup", claim(token)).status_code == 422


def test_guessing_is_slowed_down(token: str, client: Client) -> None:
    statuses = [client.post("/setup", claim("guess")).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_nobody_is_made_an_operator_by_the_address_of_a_customer(
    token: str, client: Client, acme: Organization
) -> None:
    SiteDomain.objects.create(domain=HOST, site=acme.site)
    owner = member_of(acme, "owner@acme.example")
    assert client.post("/setup", claim(token, email=owner.email)).status_code == 422
    owner.refresh_from_db()
    assert not owner.is_operator


def test_the_command_refuses_once_there_is_an_operator(token: str, client: Client) -> None:
    client.post("/setup", claim(token))
    with pytest.raises(CommandError, match="operator already"):
        call_command("setup_token")


def test_where_there_is_an_operator_nobody_else_finds_a_wizard(
    client: Client, acme: Organization
) -> None:
    SiteDomain.objects.create(domain=HOST, site=acme.site)
    operator = User.objects.create_user("op@example.com", is_operator=True)
    member = logged_in(member_of(acme, "owner@acme.example"))
    for path in ("/setup", "/setup/site", "/setup/done"):
        assert client.get(path).status_code == 404
        assert member.get(path).status_code == 404
    assert logged_in(operator).get("/setup").headers["Location"] == "/ops/"


def test_unknown_hosts_are_misdirected_again_when_the_wizard_is_over(
    token: str, client: Client
) -> None:
    client.post("/setup", claim(token))
    assert client.get("/setup/site").status_code == 200
    first_run.finish(by=BY)
    assert client.get("/setup/site").status_code == 421
