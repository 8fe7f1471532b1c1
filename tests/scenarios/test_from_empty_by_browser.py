"""From an empty database to a paying customer of a second site, with nothing but a browser: wizard,
upstream, model with its price, another site with its domain and language, sign-up, credit, call."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.scenarios.empty import client_of, empty_stack
from tests.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(400)]

OPERATOR, PASSWORD = "operator@reseller.example", "first-of-all-operators"
CUSTOMER, ITS_PASSWORD = "buyer@initech.example", "second-hour-of-initech"
HOST = "second.localhost"
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def empty() -> Iterator[Stack]:
    with empty_stack() as made:
        yield made


def new_page(browser: "Browser", complaints: list[str]) -> "Page":
    context = browser.new_context(locale="en-US")
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


def fill(page: "Page", **fields: str) -> None:
    """What is named; the rest of the form stays as it is offered."""
    for name, value in fields.items():
        page.fill(f"main form [name={name}]", value)


def send(page: "Page", text: str) -> None:
    page.click(f"main >> button:has-text('{text}')")


def claim(page: "Page", stack: Stack) -> None:
    page.goto(stack.facts["dashboard_url"])
    page.wait_for_url("**/setup")
    token = stack.facts["setup_token"]
    fill(page, token=token, email=OPERATOR, name="Op", password=PASSWORD)
    send(page, "Create the operator account")
    page.wait_for_url("**/setup/site")


def go_through_the_wizard(page: "Page", stack: Stack) -> None:
    fill(page, name="First Models")
    send(page, "Open the site")
    page.wait_for_url("**/setup/upstream")
    upstream = stack.facts["upstream"]
    fill(page, id="vendor", base_url=upstream["base_url"], credential=upstream["credential"])
    send(page, "Add upstream")
    page.wait_for_selector("text=Try out vendor")
    fill(page, model=upstream["models"][0])
    send(page, "Make a test call")
    page.wait_for_selector("#test >> text=works")
    page.click("#test >> text=Go on")
    page.wait_for_url("**/setup/model*")
    assert page.input_value("[name=id]") == upstream["models"][0]
    fill(page, input="1.00", cached_input="0.50", output="3.00")
    send(page, "Sell it")
    page.wait_for_url("**/setup/done")
    send(page, "Finish")
    page.wait_for_selector("text=closed for good")


def open_the_second_site(page: "Page", root: str) -> None:
    page.goto(f"{root}ops/sites/new")
    fill(page, id="second", name="第二站", domains=HOST, currency="CNY")
    page.select_option("select[name=language]", "zh-hans")
    send(page, "Open the site")
    page.wait_for_url("**/ops/sites/id/second/setup")


def sign_up(page: "Page", root: str) -> None:
    page.goto(root)
    assert page.get_attribute("html", "lang") == "zh-Hans"
    page.click("a[href='/accounts/signup/'] >> nth=0")
    fill(page, email=CUSTOMER, password1=ITS_PASSWORD, organization="Initech")
    page.click("main form button")
    page.wait_for_url("**/app/")


def create_key(page: "Page", root: str) -> str:
    page.goto(f"{root}app/keys/new")
    fill(page, name="prod")
    page.click("main form button")
    return page.inner_text("#secret")


def credit(page: "Page", root: str) -> str:
    """The id of the organization that is credited."""
    page.goto(f"{root}ops/organizations?q=Initech")
    page.click("main >> text=Initech")
    page.click("main >> text=Top up")
    fill(page, amount="5.00", reason="Invoice 1")
    page.click("main form button")
    page.wait_for_selector("text=is credited to Initech")
    return next(part for part in urlsplit(page.url).path.split("/") if part.startswith("org_"))


def await_posted(stack: Stack, organization_id: str, nanos: int) -> None:
    deadline = time.monotonic() + WAIT_MS / 1_000
    while stack.manage("balance", "--organization", organization_id)["posted_nanos"] != nanos:
        assert time.monotonic() < deadline, "the call was not booked as expected"
        time.sleep(0.5)


def test_a_browser_is_all_that_it_takes(empty: Stack, browser: "Browser") -> None:
    complaints: list[str] = []
    root = empty.facts["dashboard_url"]
    elsewhere = root.replace("127.0.0.1", HOST)
    operator = new_page(browser, complaints)
    claim(operator, empty)
    go_through_the_wizard(operator, empty)
    operator.goto(f"{root}ops/")
    open_the_second_site(operator, root)

    customer = new_page(browser, complaints)
    sign_up(customer, elsewhere)
    secret = create_key(customer, elsewhere)
    organization_id = credit(operator, root)

    model = empty.facts["upstream"]["models"][0]
    with client_of(empty, host=HOST, secret=secret) as client:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Hello"}]
        )
    assert answer.usage is not None
    nanos = answer.usage.prompt_tokens * 1_000 + answer.usage.completion_tokens * 3_000
    await_posted(empty, organization_id, 5_000_000_000 - nanos)
    customer.goto(f"{elsewhere}app/")
    customer.wait_for_selector("#latest .badge-ok")
    assert empty.manage("audit", "--json")["ok"]
    assert complaints == []
