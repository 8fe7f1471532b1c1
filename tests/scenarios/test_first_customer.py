"""A customer's first hour, in a browser against the whole platform: sign up, key, refused for want
of credit, topped up by staff, served, spent. Everything shows by itself within two seconds."""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import openai
import pytest

from tests.patience import promised
from tests.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]

TOLD_WITHIN_MS = promised(2.0) * 1_000
PASSWORD = "first-hour-of-initech"
# Enough for a few answers of the demo upstream, and soon spent.
TOP_UP = "0.0010"
CALLS_MAX = 60


def root_of(stack: Stack) -> str:
    parts = urlsplit(stack.facts["base_url"])
    return f"{parts.scheme}://{parts.netloc}"


def new_page(browser: "Browser", complaints: list[str]) -> "Page":
    page = browser.new_context(locale="en-US").new_page()
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


def sign_up(page: "Page", root: str) -> None:
    page.goto(root)
    page.click("text=Create an account")
    page.fill("[name=email]", "first@initech.example")
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=organization]", "Initech")
    page.click("main form button")
    page.wait_for_url("**/app/")


def create_key(page: "Page") -> str:
    page.click("text=Create key >> nth=0")
    page.fill("[name=name]", "prod-web")
    page.click("main form button")
    secret = page.inner_text("#secret")
    assert secret.startswith("sk-")
    page.click("text=I have stored it")
    page.wait_for_url("**/app/keys/*")
    assert secret not in page.content()
    return secret


def top_up(page: "Page", root: str, stack: Stack) -> None:
    """As an operator does it."""
    page.goto(f"{root}/accounts/login/?next=/ops/organizations?q=Initech")
    page.fill("[name=login]", stack.facts["operator"]["email"])
    page.fill("[name=password]", stack.facts["operator"]["password"])
    page.click("main form button")
    page.click("main >> text=Initech")
    page.click("main >> text=Top up")
    page.fill("[name=amount]", TOP_UP)
    page.fill("[name=reason]", "Invoice 1")
    page.click("main form button")
    page.wait_for_selector("text=is credited to Initech")


def ask(client: openai.OpenAI, stack: Stack) -> int:
    """One call; its status."""
    try:
        client.chat.completions.create(
            model=stack.facts["model"], messages=[{"role": "user", "content": "Hello"}]
        )
    except openai.APIStatusError as error:
        return error.status_code
    return 200


def test_the_first_hour_of_a_customer(stack: Stack, browser: "Browser") -> None:
    complaints: list[str] = []
    root = root_of(stack)
    page = new_page(browser, complaints)
    sign_up(page, root)
    assert page.is_visible("text=Send your first request")
    secret = create_key(page)
    client = openai.OpenAI(base_url=stack.facts["base_url"], api_key=secret, max_retries=0)
    page.goto(f"{root}/app/")
    page.wait_for_selector("live-socket[data-state=live]")
    page.evaluate("window.kept = true")

    assert ask(client, stack) == 402
    page.wait_for_selector("#banners >> text=1 request refused", timeout=TOLD_WITHIN_MS)
    page.wait_for_selector("#latest >> text=credit_balance_exhausted", timeout=TOLD_WITHIN_MS)
    assert page.title().startswith("(!) ")

    top_up(new_page(browser, complaints), root, stack)
    page.wait_for_selector("#banners .banner", state="detached", timeout=TOLD_WITHIN_MS)
    page.wait_for_function(
        "document.getElementById('available').textContent !== '$0.00'", timeout=TOLD_WITHIN_MS
    )
    before = page.inner_text("#available")

    assert ask(client, stack) == 200
    page.wait_for_selector("#latest .badge-ok", timeout=TOLD_WITHIN_MS)
    page.wait_for_function(
        "before => document.getElementById('available').textContent !== before",
        arg=before,
        timeout=TOLD_WITHIN_MS,
    )
    assert re.fullmatch(r"\$0\.00\d+", page.inner_text("#spent-today"))

    statuses = [200]
    while statuses[-1] == 200 and len(statuses) < CALLS_MAX:
        statuses.append(ask(client, stack))
    assert statuses[-1] == 402
    page.wait_for_selector("#banners .banner-bad", timeout=TOLD_WITHIN_MS)
    assert page.evaluate("window.kept"), "the page was reloaded"
    assert complaints == []
