"""Every page in a real browser, in three looks: no accessibility fault, no console message, no
blocked content, no sideways scroll; and the main acts without any script."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Error
from redis import Redis

from accounts import api_keys, audit, invitations, key_rotation
from accounts.models import ApiKey, Organization, Site, SiteDomain, SiteStaff, User, Via
from billing import adjustments, prices
from billing.models import Plan, SiteTerms
from devstack.process import free_port
from tests.factories import billing, calls
from tests.factories.sites import dress
from tests.pages.people import PASSWORD, member_of
from tests.patience import promised

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

TOLD_WITHIN_MS = promised(2.0) * 1_000
START_TIMEOUT_S = 90.0  # two seconds on an idle machine
LOOKS = {
    "english-dark": ("en", "dark", 1280),
    "simplified-light": ("zh-hans", "light", 1280),
    "traditional-phone": ("zh-hant", "light", 390),
}
# Markup is the same in every look: all rules run in the first, what a look can break in all.
LOOK_RULES = ["color-contrast", "html-lang-valid", "valid-lang", "scrollable-region-focusable"]
ALL_RULES_LOOK = "english-dark"
PUBLIC = ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nowhere"]
PUBLIC += ["/api/v1/docs", "/models", "/models?q=none", "/status", "/legal/terms"]
MEMBER = [
    "/app/",
    "/app/keys",
    "/app/keys/new",
    "/app/keys/KEY",
    "/app/keys/KEY/edit",
    "/app/keys/KEY/rotate",
    "/app/keys/KEY/revoke",
    "/app/usage?group=model",
    "/app/requests",
    "/app/requests?model=none",
    "/app/requests/req_answered",
    "/app/requests/req_refused",
    "/app/balance",
    "/app/settings",
    "/app/team",
    "/app/team/leave",
    "/app/team/transfer",
    "/app/audit",
    "/app/settings/profile",
    "/app/settings/security",
    "/app/settings/security/app",
    "/app/settings/security/passkeys/new",
    "/site/staff",
    "/ops/staff",
    "/accounts/password/change/",
    "/ops/ui",
    "/ops/books",
    "/ops/requests/req_answered",
    "/ops/models/prices/large",
    "/ops/models/routes/large",
    "/ops/plans",
    "/ops/plans/id/default",
    "/ops/announcements",
    "/ops/sites/new",
    "/ops/sites/id/acme-ai",
    "/site/",
    "/site/announcements",
    "/site/brand",
    "/site/content",
    "/site/errors",
    "/site/errors?cause=NO_CREDIT",
    "/site/settings",
    "/site/setup",
]
EVERYTHING = billing.PRICE | {
    "cache_write_5m": 125_000_000,
    "image": {"hd:1024x1024": 80_000_000, "default": 40_000_000},
    "seconds": 100_000,
    "tiers": [{"above_tokens": 200_000, "input": 200_000_000, "cache_write_5m": 250_000_000}],
    "minimum": 1_000,
}


@pytest.fixture(scope="module", autouse=True)
def unsafe() -> Iterator[None]:
    """Playwright's loop runs in this thread, where Django would refuse to touch the database."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


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
    dress(acme.site)
    large = billing.default_price("large", EVERYTHING)
    billing.default_price("small")
    plan = Plan.objects.create(pk="default", requests_per_minute=600)
    SiteTerms.objects.create(site=acme.site, plan=plan)
    adjustments.publish(plan, adjustment_bp=-1_000)
    prices.publish(large.model, organization=acme, components=billing.PRICE | {"minimum": 5})
    ApiKey.objects.filter(pk=acme_key.pk).update(
        **{"budget_nanos": 10**10, "budget_period": "month", "requests_per_minute": 60},
        **{"allowed_models": ["small", "gone"], "allowed_endpoints": ["chat"]},
    )
    key_rotation.rotate(acme_key, overlap=timedelta(days=1), by=audit.command("test"))
    now = timezone.now()
    for n in range(60):
        calls.record(
            acme,
            at=now - timedelta(hours=n * 7, minutes=1),
            model=("small", "large")[n % 2],
            api_key=acme_key,
            charge_nanos=(n * 7919 % 97 + 1) * 10_000_000,
        )
    line = {"bucket": "input", "quantity": 8, "nanos_per_mtok": 12_500_000}
    image = {"bucket": "image:hd:1024x1024", "quantity": 2, "nanos_per_unit": 80_000_000}
    attempt = {"upstream": "demo", "status": 200, "code": "", "latency_ms": 480}
    calls.record(acme, request_id="req_answered", lines=[line, image], attempts=[attempt])
    calls.trouble(acme)
    calls.refusal(acme, id="req_refused", api_key=acme_key, multiplier=9)
    calls.refusal(acme, status=429, code="rate_limit_exceeded", api_key=acme_key)
    calls.episode(acme, acme_key)
    people = [member_of(acme, f"{role}@acme.example", role) for role in ("billing", "viewer")]
    by = audit.Actor(Via.PAGE, people[0].email, people[0], "203.0.113.7")
    invitations.invite(acme, "new@acme.example", "developer", by=by)
    SiteStaff.objects.create(site=acme.site, user=people[0], role="finance")
    api_keys.revoke(api_keys.mint(acme, name="old").key, by=audit.command("test"))


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[str]:
    """The product as it is served, on the tests' own database and Redis."""
    database = urlsplit(os.environ["DATABASE_URL"])
    name = "/" + connection.settings_dict["NAME"]
    env = os.environ | {"DATABASE_URL": database._replace(path=name).geturl()}
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "uvicorn", "config.asgi:application"]
    arguments = ["--port", str(port), "--ws", "websockets-sansio", "--log-level", "error"]
    process = subprocess.Popen([*command, *arguments], env=env)
    address = f"http://127.0.0.1:{port}"
    try:
        await_answer(process, address)
        yield address
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def address(server: str, site: Site, gate: Redis) -> str:
    """The cast's site at the server's address, with its gate open."""
    SiteDomain.objects.create(domain="127.0.0.1", site=site)
    return server


def await_answer(server: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            httpx.get(address, timeout=START_TIMEOUT_S)
        except httpx.ConnectError:
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        else:
            return


def log_in(page: "Page", address: str, user: User) -> None:
    page.goto(f"{address}/accounts/login/")
    page.fill("[name=login]", user.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/app/")


def complaints_of(page: "Page") -> list[str]:
    """What the page says to the console from now on: errors, blocked content, failed scripts."""
    found: list[str] = []
    page.on("console", lambda line: found.append(line.text) if line.type != "log" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


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


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_sound(
    context: "BrowserContext",
    address: str,
    busy: None,
    person: User,
    acme_key: ApiKey,
    look: str,
) -> None:
    language, theme, width = LOOKS[look]
    context.add_cookies(
        [
            {"name": "django_language", "value": language, "url": address},
            {"name": "theme", "value": theme, "url": address},
        ]
    )
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    complaints = complaints_of(page)
    rules = None if look == ALL_RULES_LOOK else LOOK_RULES
    faults = [fault for path in PUBLIC for fault in faults_of(page, address + path, rules)]
    log_in(page, address, person)
    paths = [path.replace("KEY", acme_key.pk) for path in MEMBER]
    faults += [fault for path in paths for fault in faults_of(page, address + path, rules)]
    # The browser itself reports the answer of the page that is meant to be missing.
    faults += [line for line in complaints if "404" not in line]
    assert faults == []


def faults_of(page: "Page", url: str, rules: list[str] | None) -> list[str]:
    """Accessibility faults and sideways scroll of one page, in words."""
    page.goto(url)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    results = Axe().run(page, options=options).response["violations"]
    faults = [f"{url}: {found['id']} {found['nodes'][0]['html'][:120]}" for found in results]
    wider = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return faults + ([f"{url}: {wider} px too wide"] if wider > 0 else [])


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
