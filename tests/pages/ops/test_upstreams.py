"""Operators add, change, pause and try out upstreams; a credential goes in and never comes out."""

import time

import pytest
from django.test import Client
from django.urls import reverse
from msgspec import structs

from accounts.models import AuditRecord
from billing import connections
from billing.gate.blocking import command
from relay.health_reports import KEY, Report, encode
from relay.models import Upstream

SECRET = "sk-vendor-12345678"
NEW = {
    "id": "second",
    "base_url": "https://api.example.org/v1",
    "dialect": "openai",
    "provider": "",
    "credential": "sk-second-12345678",
}


def test_one_is_added_with_its_credential(operator: Client) -> None:
    response = operator.post(reverse("ops_upstream_new"), NEW)
    assert response.headers["Location"] == reverse("ops_upstream", args=["second"])
    assert Upstream.objects.get(pk="second").credential() == "sk-second-12345678"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "Second"},
        {"id": "vendor"},
        {"base_url": "ftp://x"},
        {"base_url": "https://user:pass@x/v1"},
        {"dialect": "cobol"},
        {"credential": "two\nlines"},
    ],
)
def test_nonsense_is_refused_and_the_credential_not_repeated(
    operator: Client, upstream: Upstream, wrong: dict[str, str]
) -> None:
    response = operator.post(reverse("ops_upstream_new"), NEW | wrong)
    assert response.status_code == 422
    assert Upstream.objects.count() == 1
    assert NEW["credential"] not in response.content.decode()


def test_an_empty_credential_keeps_the_stored_one(operator: Client, upstream: Upstream) -> None:
    changed = NEW | {"base_url": "https://api.example.com/v2", "credential": ""}
    assert operator.post(reverse("ops_upstream", args=["vendor"]), changed).status_code == 302
    upstream.refresh_from_db()
    assert (upstream.base_url, upstream.credential()) == ("https://api.example.com/v2", SECRET)


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/v1", "http://api.example.com/v1", "https://api.example.com:8443/v1"],
)
def test_a_stored_credential_does_not_go_to_another_host(
    operator: Client, upstream: Upstream, elsewhere: str
) -> None:
    address = reverse("ops_upstream", args=["vendor"])
    changed = NEW | {"base_url": elsewhere, "credential": ""}
    assert operator.post(address, changed).status_code == 422
    upstream.refresh_from_db()
    assert upstream.base_url == "https://api.example.com/v1"
    assert operator.post(address, changed | {"credential": "sk-known"}).status_code == 302


def test_a_pause_says_why_and_since_when_until_it_is_over(
    operator: Client, upstream: Upstream
) -> None:
    address, page = (
        reverse(name, args=["vendor"]) for name in ("ops_upstream_switch", "ops_upstream")
    )
    assert operator.post(address, {"active": "0", "reason": " "}).status_code == 422
    assert Upstream.objects.get().is_active
    operator.post(address, {"active": "0", "reason": "contract ended"})
    assert not Upstream.objects.get().is_active
    for shown in (page, reverse("ops_upstreams")):
        assert "contract ended" in operator.get(shown).content.decode()
    operator.post(address, {"active": "0", "reason": "again"})  # changes nothing
    operator.post(address, {"active": "1"})
    row = Upstream.objects.get()
    assert (row.is_active, row.paused_at, row.pause_reason) == (True, None, "")
    trail = AuditRecord.objects.order_by("id").values_list("action", "reason")
    assert list(trail) == [("upstream.pause", "contract ended"), ("upstream.resume", "")]


def test_a_paused_upstream_drains_and_says_how_many_calls_are_left(
    operator: Client, upstream: Upstream
) -> None:
    Upstream.objects.update(is_active=False)
    report = Report("relay-1", time.time(), (), {"vendor": 3})
    page, part = (
        reverse("ops_upstream", args=["vendor"]),
        {"HX-Request": "true", "HX-Target": "switch"},
    )
    redis = connections.redis()
    try:
        command(redis, "hset", KEY, "relay-1", encode(report))
        draining = operator.get(page, headers=part).content.decode()
        command(redis, "hset", KEY, "relay-1", encode(structs.replace(report, busy={})))
        drained = operator.get(page, headers=part).content.decode()
    finally:
        command(redis, "delete", KEY)
    assert "draining" in draining
    assert "3 calls are under way" in draining
    assert "every 2s" in draining  # it looks again by itself, until it is over
    assert "draining" not in drained
    assert "every 2s" not in drained


def test_a_test_call_is_on_the_trail_without_what_was_said(
    operator: Client, upstream: Upstream, vendor_url: str
) -> None:
    Upstream.objects.update(base_url=vendor_url)
    operator.post(reverse("ops_try", args=["vendor"]), {"act": "call", "model": "tiny-model"})
    row = AuditRecord.objects.get()
    assert (row.action, row.target_id) == ("upstream.test", "vendor")
    assert row.after == {"model": "tiny-model", "ok": True, "status": 200}


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "test"}])
def test_a_test_call_shows_what_the_upstream_said(
    operator: Client, upstream: Upstream, vendor_url: str, headers: dict[str, str]
) -> None:
    Upstream.objects.update(base_url=vendor_url)
    address = reverse("ops_try", args=["vendor"])
    response = operator.post(address, {"act": "call", "model": "tiny-model"}, headers=headers)
    text = response.content.decode()
    assert "Hello there" in text
    assert "HTTP 200" in text
    assert SECRET not in text
    # A fragment is the part alone; without a script the whole page comes back.
    assert ("<html" in text) is not bool(headers)


def test_its_models_are_listed(operator: Client, upstream: Upstream, vendor_url: str) -> None:
    Upstream.objects.update(base_url=vendor_url)
    response = operator.post(reverse("ops_try", args=["vendor"]), {"act": "models"})
    assert "tiny-model" in response.content.decode()


def test_a_call_without_a_model_name_is_not_made(operator: Client, upstream: Upstream) -> None:
    response = operator.post(reverse("ops_try", args=["vendor"]), {"act": "call", "model": ""})
    assert response.status_code == 422


def test_coming_back_to_a_result_tries_nothing(operator: Client, upstream: Upstream) -> None:
    response = operator.get(reverse("ops_try", args=["vendor"]))
    assert response.headers["Location"] == reverse("ops_upstream", args=["vendor"])
