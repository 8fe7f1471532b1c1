"""A session is shown as browser and system, not as what a browser claims to be."""

import pytest

from accounts.templatetags.browsers import browser

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/141.0 Safari/537.36", "Chrome · Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/1 Safari/1 Edg/1", "Edge · Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:9) Firefox/9", "Firefox · macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18) Version/18 Safari/604.1", "Safari · iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "-"),
    ],
)
def test_browser_and_system_in_two_words(user_agent: str, words: str) -> None:
    assert browser(user_agent) == words
