"""The dashboard in a real browser: live pages, the main acts with and without any script."""

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error

from accounts.models import ApiKey, Organization, Site, SiteDomain, User
from tests.factories import calls
from tests.pages import world
from tests.pages.people import PASSWORD
from tests.pages.served import address, server, unsafe
from tests.patience import promised

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

TOLD_WITHIN_MS = promised(2.0) * 1_000
__all__ = ["address", "server", "unsafe"]


@pytest.fixture
def person(acme: Organization, owner: User) -> User:
    """acme's owner, who is an operator too, so that one login opens every page."""
    owner.set_password(PASSWORD)
    owner.is_operator = True
    owner.save()
    return owner


@pytest.fixture
def busy(acme: Organization, acme_key: ApiKey) -> None:
    """Something of everything that pages can show."""
    world.fill(acme, acme_key)


def log_in(page: "Page", address: str, user: User) -> None:
    page.goto(f"{address}/accounts/login/")
    page.fill("[name=login]", user.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/app/")


def test_a_price_is_tried_before_it_is_published(
    page: "Page", address: str, busy: None, person: User
) -> None:
    log_in(page, address, person)
    page.goto(f"{address}/ops/models/prices/small")
    page.fill("[name=output]", "9")
    page.click("[name=preview]")
    assert page.locator("#effect tbody tr").count() == 1
    assert page.input_value("[name=output]") == "9"
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [each["id"] for each in found] == []


def test_a_page_is_live_and_says_so(page: "Page", address: str, person: User) -> None:
    log_in(page, address, person)
    page.wait_for_selector("live-socket[data-state=live]")
    assert page.inner_text("live-socket").strip() == "Live"


def test_a_new_call_shows_without_a_reload(
    page: "Page", address: str, person: User, acme: Organization
) -> None:
    from relay import live

    log_in(page, address, person)
    page.wait_for_selector("live-socket[data-state=live]")
    page.evaluate("window.kept = true")
    calls.record(acme, model="brand-new", charge_nanos=2_500_000_000)
    calls.episode(acme)
    threading.Thread(
        target=live.notify, args=([acme.pk], ["usage", "requests", "balance", "blocks"])
    ).start()
    page.wait_for_selector("#latest >> text=brand-new", timeout=TOLD_WITHIN_MS)
    page.wait_for_selector("#banners .banner-bad", timeout=TOLD_WITHIN_MS)
    page.wait_for_function("document.title.startsWith('(!) ')")
    assert page.inner_text("#spent-today") == "$2.50"
    assert page.evaluate("window.kept")


def test_everything_works_without_scripts(
    browser: "Browser", address: str, person: User, acme: Organization
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, address, person)
    page.click("text=Create key >> nth=0")
    page.fill("[name=name]", "no-script")
    page.click("main form button")
    assert page.inner_text("#secret").startswith("sk-")
    page.click("text=I have stored it")
    page.click("main a:has-text('Revoke')")
    page.fill("[name=name]", "no-script")
    page.click("text=Revoke for good")
    assert page.is_visible("text=no-script is revoked")
    assert ApiKey.objects.get(organization=acme).revoked_at is not None
    page.click("summary:has-text('Language')")
    page.click("text=繁體中文 >> nth=-1")
    assert page.get_attribute("html", "lang") == "zh-Hant"
    context.close()


def test_the_secret_is_gone_after_going_back(page: "Page", address: str, person: User) -> None:
    log_in(page, address, person)
    page.goto(f"{address}/app/keys/new")
    page.fill("[name=name]", "once")
    page.click("main form button")
    secret = page.inner_text("#secret")
    page.click("text=I have stored it")
    page.wait_for_url("**/app/keys/*")
    with contextlib.suppress(Error):  # the browser's own "send the form again?" page
        page.go_back()
    page.wait_for_load_state()
    assert secret not in page.inner_text("html")


def test_copying_puts_the_base_url_on_the_clipboard(
    context: "BrowserContext", page: "Page", address: str, site: Site
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address)
    page.click(".copybox button")
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{address}/v1"


def test_a_passkey_is_added_and_logs_in_alone(
    context: "BrowserContext", address: str, site: Site, person: User
) -> None:
    SiteDomain.objects.create(domain="localhost", site=site)  # a passkey wants a name, not an IP
    address = address.replace("127.0.0.1", "localhost")
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    abilities = {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    options = {"protocol": "ctap2", "transport": "internal", **abilities}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    log_in(page, address, person)
    page.goto(f"{address}/app/settings/security/passkeys/new")
    page.fill("[name=name]", "My laptop")
    page.check("[name=passwordless]")
    page.click("passkey-ceremony button")
    page.wait_for_url("**/security/codes")
    page.goto(f"{address}/app/settings/security")
    assert page.is_visible("th:has-text('My laptop')")
    context.clear_cookies()
    page.goto(f"{address}/accounts/login/")
    page.click("text=Log in with a passkey")
    page.wait_for_url("**/app/")
