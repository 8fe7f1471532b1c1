"""The settings of a site say what its domains and its sender need in DNS, and look when asked."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Site
from accounts.web import throttles
from tests.relay.name_server import name_server


@pytest.fixture
def dns(settings: Settings) -> Iterator[None]:
    settings.MAIL_SPF_INCLUDE, settings.MAIL_DKIM_SELECTOR = "mail.example", ""
    zone = {("shop.example", "TXT"): ["v=spf1 <b>other</b> -all"]}
    with name_server(zone) as place:
        settings.DNS_SERVERS = [place]
        yield


def sends_from(site: Site, address: str) -> None:
    Site.objects.filter(pk=site.pk).update(sender_address=address)


def test_what_is_to_be_set_is_told_before_anybody_asks(
    keeper: Client, home: Site, settings: Settings
) -> None:
    address = reverse("site_settings")
    assert "nothing is to be set" in keeper.get(address).content.decode()
    sends_from(home, "hello@shop.example")
    settings.MAIL_SPF_INCLUDE, settings.SITE_DOMAIN_TARGET = "mail.example", "sites.host.example"
    page = keeper.get(address).content.decode()
    assert "v=spf1 include:mail.example ~all" in page
    assert "MAIL_DKIM_SELECTOR" in page  # not said: whom to ask
    assert "sites.host.example" in page
    assert "not checked yet" in page


@pytest.mark.usefixtures("dns")
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("pending: DNS has no address yet", "says something else")),
        ("zh-hans", ("等待中：DNS 尚无地址", "内容不同")),
        ("zh-hant", ("等待中：DNS 尚無位址", "內容不同")),
    ],
)
def test_a_look_tells_what_is_there(
    keeper: Client, home: Site, language: str, words: tuple[str, ...]
) -> None:
    sends_from(home, "hello@shop.example")
    keeper.post("/preferences/language", {"language": language})
    page = keeper.post(reverse("site_settings"), {"act": "check"})
    assert page.status_code == 200
    for word in words:
        assert word in page.content.decode()
    assert "&lt;b&gt;other&lt;/b&gt;" in page.content.decode()


@pytest.mark.usefixtures("dns")
def test_operators_look_at_any_site_and_onlookers_at_none(
    operator: Client, onlooker: Client, outsider: Client, home: Site
) -> None:
    check = {"act": "check"}
    page = operator.post(reverse("ops_site", args=[home.pk]), check)
    assert "pending: DNS has no address yet" in page.content.decode()
    assert onlooker.post(reverse("site_settings"), check).status_code == 403
    assert outsider.post(reverse("site_settings"), check).status_code == 404


@pytest.mark.usefixtures("dns", "gate")
def test_a_person_looks_so_often_and_then_waits(
    keeper: Client, home: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(throttles.RATES, "look", "2/5m/user")
    answers = [keeper.post(reverse("site_settings"), {"act": "check"}) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) <= 300
