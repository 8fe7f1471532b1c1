"""In which looks pages are seen, and where pictures of them go."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.pages.everywhere.pages import Page

if TYPE_CHECKING:
    from playwright.sync_api import Page as Tab

DESK, PHONE = 1280, 390  # CSS pixels


@dataclass(frozen=True, slots=True)
class Look:
    """One reader's language, theme and screen."""

    language: str
    theme: str
    width: int

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}-{self.width}"


# Enough to find what breaks; each language is read in either theme and on either screen besides.
EVERY_TIME = (
    Look("en", "dark", DESK),
    Look("zh-hant", "light", PHONE),
)
THE_REST = (
    Look("zh-hans", "light", DESK),
    Look("en", "light", PHONE),
    Look("zh-hans", "dark", PHONE),
    Look("zh-hant", "dark", DESK),
)
# Where `make screenshots` wants them; the folder is made.
FOLDER = os.environ.get("SCREENSHOTS")
LOOKS = EVERY_TIME + THE_REST if FOLDER else EVERY_TIME


def picture(tab: "Tab", page: Page, look: Look) -> None:
    """The whole page as a file named for its path, if pictures are wanted."""
    if FOLDER:
        name = re.sub(r"[^a-z0-9]+", "-", page.path.lower()).strip("-") or "landing"
        tab.screenshot(path=Path(FOLDER, str(look), f"{name}.png"), full_page=True)
