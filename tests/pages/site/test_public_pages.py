"""What anyone sees of a site: its looks, its languages, its texts, its prices, how it does."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client, TestCase
from django.utils import timezone

from accounts import announcements, audit, images, invitations, sites
from accounts.announcements import Draft
from accounts.models import Organization, Role, Site, SiteDomain, User
from tests.accounts.test_logos import drawn
from tests.factories import billing, calls
from tests.pages.people import logged_in, member_of
from tests.pages.site.conftest import OTHER_HOST

BY = audit.command("test")


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    cache.clear()


def text_of(client: Client, address: str, *, host: str = "testserver", status: int = 200) -> str:
    response = client.get(address, headers={"host": host})
    assert response.status_code == status
    return response.content.decode()


def test_two_sites_have_their_own_looks(client: Client, home: Site, other_site: Site) -> None:
    sites.set_accent(home, "#0f766e", by=BY)
    sites.set_logo(home, images.encode_logo(drawn()), by=BY)
    home.refresh_from_db()
    ours, theirs = text_of(client, "/"), text_of(client, "/", host=OTHER_HOST)
    logo = f"/brand/{home.logo_hash}.png"
    assert logo in ours
    assert "/brand/" not in theirs
    sheet = next(word for word in ours.split('"') if word.endswith(".css") and "/brand/" in word)
    style = client.get(sheet)
    assert "#0f766e" in style.content.decode()
    for response in (style, client.get(logo)):
        assert "immutable" in response.headers["Cache-Control"]
    assert client.get(logo).headers["Content-Type"] == "image/png"
    for address in (sheet, logo):
        assert client.get(address, headers={"host": OTHER_HOST}).status_code == 404


def test_an_old_address_of_the_style_sheet_is_not_kept(client: Client, home: Site) -> None:
    sites.set_accent(home, "#0f766e", by=BY)
    assert client.get("/brand/0000.css").headers["Cache-Control"] == "no-store"


def test_a_site_speaks_only_the_languages_it_offers(client: Client, home: Site) -> None:
    sites.change(home, {"languages": ["en", "zh-hant"]}, by=BY)
    text = text_of(client, "/")
    assert "繁體中文" in text
    assert "简体中文" not in text
    client.cookies["django_language"] = "zh-hans"
    assert 'lang="en"' in text_of(client, "/")
    client.post("/preferences/language", {"language": "zh-hans"})
    assert 'lang="en"' in text_of(client, "/")


def test_legal_texts_are_linked_and_never_markup(client: Client, home: Site) -> None:
    assert text_of(client, "/legal/terms", status=404)
    sites.set_text(home, "terms", "en", "# Rules\nBe <b>nice</b>.\n\n- one\n- two", by=BY)
    text = text_of(client, "/legal/terms")
    assert "<h2>Rules</h2>" in text
    assert "&lt;b&gt;nice" in text
    assert "<li>two</li>" in text
    front = text_of(client, "/")
    assert "/legal/terms" in front
    assert "/legal/privacy" not in front
    assert text_of(client, "/legal/imprint", status=404)


def test_legal_texts_are_another_sites_no_more(
    client: Client, home: Site, other_site: Site
) -> None:
    sites.set_text(other_site, "privacy", "en", "Theirs.", by=BY)
    assert text_of(client, "/legal/privacy", status=404)
    assert "Theirs." in text_of(client, "/legal/privacy", host=OTHER_HOST)


def test_a_missing_language_falls_back_to_the_sites(client: Client, home: Site) -> None:
    sites.set_text(home, "terms", "en", "In English.", by=BY)
    sites.change(home, {"footer": {"en": "Acme GmbH, Berlin"}}, by=BY)
    client.cookies["django_language"] = "zh-hant"
    assert "In English." in text_of(client, "/legal/terms")
    assert "Acme GmbH, Berlin" in text_of(client, "/")


def test_models_are_searched_without_a_script(client: Client, home: Site) -> None:
    for name, owner in (("gpt-x", "openai"), ("qwen-x", "alibaba")):
        price = billing.default_price(name)
        price.model.owned_by = owner
        price.model.save()
    billing.default_price("painter", {"image": {"default": 40_000_000}})
    shown = {
        "": ("gpt-x", "qwen-x", "painter"),
        "?q=GPT": ("gpt-x",),
        "?vendor=alibaba": ("qwen-x",),
        "?kind=image": ("painter",),
        "?q=gpt&vendor=alibaba": (),
        "?vendor=nobody&kind=smell": ("gpt-x", "qwen-x", "painter"),
    }
    for query, names in shown.items():
        text = text_of(client, f"/models{query}")
        for name in ("gpt-x", "qwen-x", "painter"):
            assert (f">{name}</code>" in text) is (name in names), (query, name)


def test_the_status_page_says_what_fails_and_no_numbers(
    client: Client, home: Site, acme: Organization
) -> None:
    assert "Everything works." in text_of(client, "/status")
    model = billing.model("large")
    model.owned_by = "vendor-x"
    model.save()
    for n in range(20):
        calls.record(acme, model="large", status=502 if n < 12 else 200)
    cache.clear()
    text = text_of(client, "/status")
    assert "Many calls fail" in text
    assert "vendor-x" in text
    assert "40.00 %" in text
    assert ">20<" not in text


def test_another_sites_calls_say_nothing_here(
    client: Client, home: Site, other_site: Site, acme: Organization
) -> None:
    calls.record(acme, model="secret-model")
    assert "secret-model" not in text_of(client, "/status", host=OTHER_HOST)


def test_announcements_show_where_and_while_they_count(
    client: Client, home: Site, other_site: Site, acme: Organization
) -> None:
    now = timezone.now()
    begun = now - timedelta(hours=1)
    everywhere = announcements.create(
        None, Draft(kind="maintenance", title={"en": "For all"}, starts_at=begun), by=BY
    )
    here = announcements.create(
        home,
        Draft(kind="incident", title={"en": "Only here", "zh-hant": "僅此處"}, starts_at=begun),
        by=BY,
    )
    over = Draft(kind="news", title={"en": "Long over"}, starts_at=begun, ends_at=now)
    past = announcements.create(home, over, by=BY)
    member = logged_in(member_of(acme, "ann@acme.example"))
    assert "Only here" not in text_of(member, "/app/")  # a draft
    for row in (everywhere, here, past):
        announcements.set_state(row, "published", by=BY)
    for page in (text_of(member, "/app/"), text_of(client, "/"), text_of(client, "/status")):
        assert "Only here" in page
        assert "For all" in page
    assert "Long over" not in text_of(client, "/")
    theirs = text_of(client, "/", host=OTHER_HOST)
    assert "For all" in theirs
    assert "Only here" not in theirs
    client.cookies["django_language"] = "zh-hant"
    assert "僅此處" in text_of(client, "/")
    announcements.set_state(here, "resolved", by=BY)
    assert "僅此處" not in text_of(client, "/")
    assert "僅此處" in text_of(client, "/status")


def test_a_suspended_site_says_so_but_lets_its_staff_in(
    client: Client, keeper: Client, home: Site, acme: Organization
) -> None:
    sites.set_active(home, is_active=False, by=BY)
    for address in ("/", "/models", "/nowhere"):
        response = client.get(address)
        assert response.status_code == 503
        assert "suspended" in response.content.decode()
        assert response.headers["Retry-After"]
    member = logged_in(member_of(acme, "ann@acme.example"))
    assert text_of(member, "/app/", status=503)
    assert text_of(client, "/accounts/login/")
    assert text_of(keeper, "/site/")
    sites.set_active(home, is_active=True, by=BY)
    assert text_of(member, "/app/")


@pytest.mark.parametrize(("mode", "status"), [("open", 302), ("invite", 200), ("closed", 200)])
def test_sign_up_is_as_open_as_the_site_wants_it(
    client: Client, home: Site, mode: str, status: int
) -> None:
    sites.change(home, {"sign_up": mode}, by=BY)
    form = {"email": "new@example.com", "password1": "correct-horse-battery"}
    response = client.post("/accounts/signup/", form)
    assert response.status_code == status
    assert User.objects.filter(email="new@example.com").exists() is (mode == "open")


def test_an_invited_person_may_join_under_the_invited_address_only(
    client: Client, home: Site, acme: Organization
) -> None:
    sites.change(home, {"sign_up": "invite"}, by=BY)
    invitations.invite(acme, "bob@acme.example", Role.VIEWER, by=BY)
    with TestCase.captureOnCommitCallbacks(execute=True):
        invitations.resend(acme.invitations.get(), by=BY)
    link = next(word for word in mail.outbox[-1].body.split() if "/invitations/" in word)
    client.get(link.replace("http://testserver", ""))
    form = {"email": "eve@evil.example", "password1": "correct-horse-battery"}
    assert client.post("/accounts/signup/", form).status_code == 200
    assert not User.objects.filter(email="eve@evil.example").exists()
    client.post("/accounts/signup/", form | {"email": "bob@acme.example"})
    assert acme.members.get().email == "bob@acme.example"
    assert Organization.objects.count() == 1


def test_a_login_of_another_site_is_no_way_around_a_closed_one(home: Site) -> None:
    sites.change(home, {"sign_up": "closed"}, by=BY)
    stray = logged_in(User.objects.create_user("stray@example.com"))
    assert stray.post("/app/new-organization", {"name": "Mine"}).status_code == 403
    assert not Organization.objects.exists()


def test_mails_come_from_the_site_and_lead_to_its_first_domain(client: Client, home: Site) -> None:
    home.domains.all().delete()
    for position, domain in enumerate(("first.example", "second.example")):
        SiteDomain.objects.create(domain=domain, site=home, position=position)
    sites.change(home, {"sender_name": "Acme Help", "sender_address": "help@acme.example"}, by=BY)
    User.objects.create_user("ann@acme.example")
    response = client.post(
        "/accounts/password/reset/",
        {"email": "ann@acme.example"},
        headers={"host": "second.example:8443"},
    )
    assert response.status_code == 302
    (message,) = mail.outbox
    assert message.from_email == '"Acme Help" <help@acme.example>'
    assert "http://first.example/accounts/password/reset/key/" in message.body
    assert "second.example" not in message.body
