"""What is stopped shows on every page, with cause, count and cure, and goes when it is cured."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Organization
from tests.factories import calls

BANNERS = {"HX-Request": "true", "HX-Target": "banners"}


def banners(client: Client, path: str = "/app/") -> str:
    return client.get(path, headers=BANNERS).content.decode()


@pytest.mark.parametrize("path", ["/app/", "/app/keys", "/app/usage", "/app/settings"])
def test_no_credit_shows_on_every_page(
    page_client: Client, acme: Organization, acme_key: ApiKey, path: str
) -> None:
    calls.episode(acme, acme_key)
    for page in (page_client.get(path).content.decode(), banners(page_client, path)):
        assert "Blocked: balance exhausted (402)" in page
        assert "37 requests refused" in page
        assert "key prod-web" in page
        assert 'href="/app/balance#top-up"' in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-hans", ("已停止服务：余额用尽（402）", "已拒绝 37 个请求", "充值")),
        ("zh-hant", ("已停止服務：餘額用盡（402）", "已拒絕 37 個請求", "儲值")),
    ],
)
def test_it_is_told_in_the_reader_s_language(
    page_client: Client, acme: Organization, language: str, words: tuple[str, ...]
) -> None:
    calls.episode(acme)
    page_client.post("/preferences/language", {"language": language})
    page = banners(page_client)
    for word in words:
        assert word in page


def test_a_closed_or_old_episode_shows_nothing(page_client: Client, acme: Organization) -> None:
    calls.episode(acme, closed_at=timezone.now())
    calls.episode(acme, last_at=timezone.now() - timedelta(days=2))
    assert banners(page_client).strip() == ""


def test_a_site_s_own_status_is_the_one_shown(page_client: Client, acme: Organization) -> None:
    calls.episode(acme, status=403)
    assert "(403)" in banners(page_client)


def test_a_limit_shows_only_when_it_turns_many_away(
    page_client: Client, acme: Organization, acme_key: ApiKey
) -> None:
    calls.episode(acme, acme_key, code="rate_limit_exceeded", status=429)
    for _ in range(40):
        calls.record(acme)
    calls.refusal(acme, code="rate_limit_exceeded", status=429)
    assert "banner" not in banners(page_client)
    calls.refusal(acme, code="rate_limit_exceeded", status=429, multiplier=5)
    assert "Limit reached (429)" in banners(page_client)


def test_at_most_two_and_the_worst_first(
    page_client: Client, acme: Organization, acme_key: ApiKey
) -> None:
    calls.episode(acme, acme_key, code="invalid_api_key", status=401)
    calls.episode(acme, code="organization_budget_exceeded")
    calls.episode(acme)
    page = banners(page_client)
    assert page.count('<div class="banner ') == 2
    assert page.index("balance exhausted") < page.index("Budget of the organization")


def test_a_suspended_organization_is_told_so(page_client: Client, acme: Organization) -> None:
    Organization.objects.filter(pk=acme.pk).update(is_active=False)
    assert "suspended" in banners(page_client)
