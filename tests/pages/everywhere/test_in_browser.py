"""Every page in a real browser: no accessibility fault, no console message, no blocked content, no
sideways scroll. `make screenshots` takes a picture of each besides, in more looks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.test import Client

from accounts import audit, first_run
from tests.pages.everywhere import looks
from tests.pages.everywhere.looks import LOOKS, Look
from tests.pages.everywhere.pages import VISITOR, Page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage
    from playwright.sync_api import Page as Tab

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]

# Markup is the same in every look: all rules run in the first, what a look can break in all.
LOOK_RULES = ["color-contrast", "html-lang-valid", "valid-lang", "scrollable-region-focusable"]
HEIGHT = 900
LEFT_EARLY = "WebSocket is closed before the connection is established"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Tables scroll by themselves where there is no room; on a desk there is.
CUT = """() => [...document.querySelectorAll(".table-wrap")]
    .filter(each => each.scrollWidth > each.clientWidth)
    .map(each => `${each.scrollWidth - each.clientWidth} px of a table are out of sight`)"""


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_is_sound(
    browser: "Browser",
    address: str,
    clients: Mapping[str, Client],
    pages: Sequence[Page],
    look: Look,
) -> None:
    readers = {name: Reader(browser, address, client, look) for name, client in clients.items()}
    faults = [fault for page in pages for fault in readers[page.viewer].faults_of(page)]
    for reader in readers.values():
        reader.tab.context.close()
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_first_page_of_a_new_deployment_is_sound(
    browser: "Browser", server: str, db: None, look: Look
) -> None:
    first_run.make_token(by=audit.command("setup_token"))
    reader = Reader(browser, server, Client(), look)
    faults = reader.faults_of(Page(VISITOR, "/setup"))
    reader.tab.context.close()
    assert faults == []


class Reader:
    """A browser's tab of somebody who is logged in as `client` is."""

    def __init__(self, browser: "Browser", address: str, client: Client, look: Look) -> None:
        is_phone = look.width == looks.PHONE
        context = browser.new_context(
            viewport={"width": look.width, "height": HEIGHT},
            locale="en-US",
            is_mobile=is_phone,
            has_touch=is_phone,
        )
        cookies = {settings.LANGUAGE_COOKIE_NAME: look.language, "theme": look.theme}
        if session := client.cookies.get(settings.SESSION_COOKIE_NAME):
            cookies[settings.SESSION_COOKIE_NAME] = session.value
        context.add_cookies(
            [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
        )
        # Every page gets it as it begins: sent after each, it would take longer than its rules.
        context.add_init_script(AXE_SCRIPT)
        self.address, self.look, self.tab = address, look, context.new_page()
        self.said: list[str] = []
        self.tab.on("console", self.hear)
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))

    def hear(self, line: "ConsoleMessage") -> None:
        """Errors, blocked content, failed scripts: all but what a script just tells, and that the
        page was left before its socket was open."""
        if line.type != "log" and LEFT_EARLY not in line.text:
            self.said.append(line.text)

    def faults_of(self, page: Page) -> list[str]:
        """What is wrong with one page, in words."""
        self.said.clear()
        response = self.tab.goto(self.address + page.path)
        assert response is not None
        looks.picture(self.tab, page, self.look)
        found = violations(self.tab, self.look)
        if response.status != page.status:
            found.append(f"{response.status} from {response.url}")
        if (wider := self.tab.evaluate(WIDER)) > 0:
            found.append(f"{wider} px too wide")
        if self.look.width == looks.DESK:
            found += self.tab.evaluate(CUT)
        # The browser itself reports an answer that is meant to be one of failure.
        found += [line for line in self.said if f"status of {page.status}" not in line]
        return [f"{page.path}: {each}" for each in found]


def violations(tab: "Tab", look: Look) -> list[str]:
    """Accessibility faults by axe's rules."""
    options: dict[str, Any] = {"reporter": "no-passes"}
    if look is not LOOKS[0]:
        options["runOnly"] = {"type": "rule", "values": LOOK_RULES}
    found = tab.evaluate("async (options) => (await axe.run(options)).violations", options)
    return [f"{each['id']} {each['nodes'][0]['html'][:120]}" for each in found]
