"""What people say of themselves: name, language, clock, colours; and their mail address."""

import re
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, Site, User
from tests.factories import calls
from tests.pages.people import PASSWORD, logged_in

PROFILE = "/app/settings/profile"
CHOICES = {"name": "Ann", "language": "zh-hans", "time_zone": "Asia/Shanghai", "theme": "dark"}


def test_choices_are_kept_with_the_login(page_client: Client, owner: User) -> None:
    assert page_client.post(PROFILE, CHOICES).headers["Location"] == PROFILE
    for client in (page_client, logged_in(owner)):
        page = client.get("/app/team").content.decode()
        assert 'lang="zh-Hans" data-theme="dark"' in page
        assert "<strong>Ann</strong>" in page


def test_nonsense_is_refused(page_client: Client, owner: User) -> None:
    response = page_client.post(PROFILE, CHOICES | {"time_zone": "Moon/Crater"})
    assert response.status_code == 422
    owner.refresh_from_db()
    assert owner.name == ""


def test_clock_times_follow_the_reader_and_days_the_organization(
    page_client: Client, owner: User, acme: Organization
) -> None:
    at = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
    calls.record(acme, at=at, model="lunch")
    assert "12:00" in page_client.get("/app/requests").content.decode()
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Shanghai")
    assert "20:00" in page_client.get("/app/requests").content.decode()


def test_a_new_login_is_reminded_until_its_address_is_verified(client: Client, site: Site) -> None:
    client.post("/accounts/signup/", {"email": "new@person.example", "password1": PASSWORD})
    assert "Please verify your mail address." in client.get("/app/").content.decode()
    link = re.search(r"http://testserver(\S+)", str(mail.outbox[-1].body))
    assert link
    client.post(link[1])
    assert EmailAddress.objects.get(email="new@person.example").verified
    assert "Please verify" not in client.get("/app/").content.decode()


def test_the_link_is_sent_again(client: Client, site: Site) -> None:
    client.post("/accounts/signup/", {"email": "new@person.example", "password1": PASSWORD})
    assert client.get(PROFILE).status_code == 200
    assert client.post(f"{PROFILE}/verify").headers["Location"] == PROFILE
