"""A site's staff set up their own site and no other; each role does what it may."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Announcement, AuditRecord, Site, SiteText
from billing.models import SiteTerms
from relay.web.site_shell import PAGES
from tests.accounts.test_logos import bomb, drawn
from tests.pages.site.conftest import OTHER_HOST

QUERIES_MAX = 15
LOOK = {
    "act": "look",
    "name": "Acme AI",
    "language": "en",
    "languages": ["en", "zh-hans", "zh-hant"],
    "time_zone": "UTC",
    "sign_up": "open",
}
SEEN_BY_ALL = {"setup"}


def text_of(client: Client, page: str, query: str = "") -> str:
    response = client.get(reverse(f"site_{page}") + query)
    assert response.status_code == 200
    return response.content.decode()


def send(client: Client, page: str, form: dict[str, Any], query: str = "") -> Any:
    return client.post(reverse(f"site_{page}") + query, form)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_its_sites_own(
    keeper: Client,
    onlooker: Client,
    outsider: Client,
    operator: Client,
    page: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    address = reverse(f"site_{page}")
    with django_assert_max_num_queries(QUERIES_MAX):
        assert keeper.get(address).status_code == 200
    assert operator.get(address).status_code == 200
    assert outsider.get(address).status_code == 404
    assert onlooker.get(address).status_code == (200 if page in SEEN_BY_ALL else 403)
    assert Client().get(address).status_code == 302


def test_settings_are_saved_and_kept_to_what_staff_may_say(keeper: Client, home: Site) -> None:
    form = LOOK | {"name": "Acme 2", "trial_credit": "2.50", "sign_up": "invite"}
    send(keeper, "settings", form | {"currency": "EUR", "domains": "evil.example"})
    home.refresh_from_db()
    assert (home.name, home.sign_up, home.currency) == ("Acme 2", "invite", "USD")
    assert SiteTerms.objects.get(site=home).trial_credit_nanos == 2_500_000_000
    for act in ("place", "suspend"):
        form = {"act": act, "domains": "evil.example", "currency": "EUR", "plan": "default"}
        assert send(keeper, "settings", form | {"reason": "mine"}).status_code == 403
    home.refresh_from_db()
    assert home.is_active
    assert [each.domain for each in home.domains.all()] == ["testserver"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"languages": ["zh-hant"]}, "The first language must be one"),
        ({"languages": []}, "This field is required"),
        ({"trial_credit": "-1"}, "Not an amount"),
        ({"trial_credit": "many"}, "Not an amount"),
        ({"sender_address": "nobody"}, "mail address"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    keeper: Client, home: Site, changes: dict[str, Any], said: str
) -> None:
    response = send(keeper, "settings", LOOK | {"name": "Changed"} | changes)
    assert response.status_code == 422
    assert said in response.content.decode()
    home.refresh_from_db()
    assert home.name == "Acme AI"


def test_a_colour_without_contrast_is_refused_with_the_reason(keeper: Client, home: Site) -> None:
    response = send(keeper, "brand", {"act": "accent", "accent": "#ffd400", "accent_dark": ""})
    assert response.status_code == 422
    assert "below 4.5" in response.content.decode()
    send(keeper, "brand", {"act": "accent", "accent": "#0F766E", "accent_dark": ""})
    home.refresh_from_db()
    assert home.accent == "#0f766e"
    assert home.accent_dark
    assert home.accent in text_of(keeper, "brand")


def test_a_logo_is_uploaded_and_removed_and_a_bomb_refused(keeper: Client, home: Site) -> None:
    for content in (bomb(50_000, 50_000), b"<svg/>", b"x" * 1_000_001, b"x" * 5_000_000):
        sent = {"act": "logo", "logo": SimpleUploadedFile("logo.png", content, "image/png")}
        assert send(keeper, "brand", sent).status_code == 422
    sent = {"act": "logo", "logo": SimpleUploadedFile("logo.png", drawn(), "image/png")}
    assert send(keeper, "brand", sent).status_code == 302
    home.refresh_from_db()
    assert home.logo_hash in text_of(keeper, "brand")
    send(keeper, "brand", {"act": "no_logo"})
    home.refresh_from_db()
    assert home.logo_hash == ""


def test_texts_are_written_and_missing_ones_marked(keeper: Client, home: Site) -> None:
    assert text_of(keeper, "content").count("missing translation") == 6
    query = "?kind=privacy&language=zh-hant"
    send(keeper, "content", {"act": "text", "body": "我們不保存提示。"}, query)
    assert SiteText.objects.get().language == "zh-hant"
    text = text_of(keeper, "content", query)
    assert "我們不保存提示。" in text
    assert text.count("missing translation") == 5
    send(keeper, "content", {"act": "footer", "en": "Acme GmbH", "zh-hans": "", "zh-hant": ""})
    home.refresh_from_db()
    assert home.footer == {"en": "Acme GmbH"}


def test_an_error_is_previewed_in_each_dialect_before_it_is_saved(
    keeper: Client, home: Site
) -> None:
    query = "?cause=NO_CREDIT"
    form = {"status": "429", "code": "out_of_money", "message_en": "Top up first."}
    shown = send(keeper, "errors", form | {"act": "preview"}, query).content.decode()
    for dialect_word in ("out_of_money", "RESOURCE_EXHAUSTED", "rate_limit_error"):
        assert dialect_word in shown
    assert "Not saved yet." in shown
    home.refresh_from_db()
    assert home.error_overrides == {}
    send(keeper, "errors", form | {"act": "save"}, query)
    home.refresh_from_db()
    assert home.error_overrides == {
        "NO_CREDIT": {"status": 429, "code": "out_of_money", "message": {"en": "Top up first."}}
    }
    assert "out_of_money" in text_of(keeper, "errors")
    send(keeper, "errors", {"act": "reset"}, query)
    home.refresh_from_db()
    assert home.error_overrides == {}


def test_an_error_keeps_to_statuses_that_make_sense(keeper: Client, home: Site) -> None:
    response = send(keeper, "errors", {"status": "401", "act": "save"}, "?cause=NO_CREDIT")
    assert response.status_code == 422
    assert "may not be answered with that status" in response.content.decode()


def test_an_announcement_goes_from_draft_to_resolved(keeper: Client, home: Site) -> None:
    form = {"kind": "incident", "starts_at": "2026-11-20T10:00", "title_en": "Slow answers"}
    assert send(keeper, "announcements", form | {"title_en": ""}).status_code == 422
    send(keeper, "announcements", form)
    row = Announcement.objects.get()
    assert (row.site, row.state) == (home, "draft")
    for state in ("published", "resolved"):
        send(keeper, "announcements", {"announcement": row.pk, "state": state})
        row.refresh_from_db()
        assert row.state == state
    query = f"?edit={row.pk}"
    assert "Slow answers" in text_of(keeper, "announcements", query)
    send(keeper, "announcements", form | {"title_en": "Slower answers"}, query)
    row.refresh_from_db()
    assert row.title == {"en": "Slower answers"}
    assert AuditRecord.objects.filter(site=home, action__startswith="announcement.").count() == 4


def test_announcements_of_others_are_out_of_reach(
    keeper: Client, outsider: Client, operator: Client, home: Site
) -> None:
    form = {"kind": "news", "starts_at": "2026-11-20T10:00", "title_en": "Ours"}
    send(keeper, "announcements", form)
    operator.post(reverse("ops_announcements"), form | {"title_en": "For all"})
    ours, for_all = Announcement.objects.get(site=home), Announcement.objects.get(site=None)
    address = reverse("site_announcements")
    headers = {"host": OTHER_HOST}
    for row in (ours, for_all):
        act = {"announcement": row.pk, "state": "published"}
        assert outsider.post(address, act, headers=headers).status_code == 404
        edit = f"{address}?edit={row.pk}"
        assert outsider.get(edit, headers=headers).status_code == 404
    assert send(
        keeper, "announcements", {"announcement": for_all.pk, "state": "published"}
    ).status_code == (404)
    assert not Announcement.objects.exclude(state="draft").exists()


def test_the_checklist_follows_what_is_done(keeper: Client, home: Site) -> None:
    before = text_of(keeper, "setup")
    assert "0 of 8" in before or "1 of 8" in before
    send(keeper, "settings", LOOK | {"support_contact": "help@acme.example"})
    send(keeper, "brand", {"act": "accent", "accent": "#0f766e"})
    assert text_of(keeper, "setup").count('data-done="true"') == before.count(
        'data-done="true"'
    ) + (2)


def test_what_was_previewed_is_what_a_caller_gets(keeper: Client, home: Site) -> None:
    text = text_of(keeper, "errors", "?cause=UNKNOWN_KEY")
    body = json.dumps("invalid_api_key")
    assert body.replace('"', "&quot;") in text
