"""What a page downloads stays small, is our own, and carries its licences."""

import gzip
import re
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
# Design of the front end: styles 15 KB, our scripts 10 KB, all scripts of a dashboard page 30 KB.
CSS_BYTES_MAX = 15_000
OWN_JS_BYTES_MAX = 10_000
ALL_JS_BYTES_MAX = 30_000


def packed(pattern: str) -> int:
    return sum(len(gzip.compress(path.read_bytes())) for path in STATIC.glob(pattern))


def test_styles_and_scripts_fit_their_budget() -> None:
    assert packed("css/*.css") <= CSS_BYTES_MAX
    assert packed("js/*.js") <= OWN_JS_BYTES_MAX
    assert packed("js/*.js") + packed("vendor/**/*.js") <= ALL_JS_BYTES_MAX


def test_vendored_files_stand_beside_their_licence() -> None:
    for folder in (STATIC / "vendor").iterdir():
        assert (folder / "LICENSE").read_text(encoding="utf-8").strip()


def test_templates_use_only_icons_that_the_sprite_has() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    templates = STATIC.parent / "templates"
    for path in templates.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r'{% icon "([\w-]+)"', text))
        used |= set(re.findall(r'{% (?:nav_link|empty|badge) [^%]*"([a-z0-9]+-[a-z0-9-]+)"', text))
        assert used <= sprite, path


def test_templates_keep_to_the_content_security_policy() -> None:
    """No inline style, handler or script: the policy would block it in the browser."""
    for path in (STATIC.parent / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for inline in (
            r"\sstyle=",
            r"\son(click|change|submit|load|error|input|key|mouse|focus|blur)[a-z]*=",
            r"<script>",
            r"hx-on",
            r"javascript:",
        ):
            assert not re.search(inline, text), f"{path}: {inline}"
