"""What a change was and is, as people read it."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.templatetags.trail import trail_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ("", "-"),
        ({}, "-"),
        (0, "0"),
        (False, "False"),
        (["a", "b"], "a, b"),
        ({"en": "Hello", "zh-hans": ""}, "en: Hello · zh-hans: -"),
        ("2026-11-21", "2026-11-21"),
        ("at 2026-11-21T19:01:58+00:00", "at 2026-11-21T19:01:58+00:00"),
    ],
)
def test_a_side_of_a_change_is_plain_text(value: Any, shown: str) -> None:
    assert trail_value(value) == shown


@pytest.mark.parametrize("written", ["2026-11-21T19:01:58.461202+00:00", "2026-11-21T19:01:58Z"])
def test_a_moment_is_in_the_readers_zone(written: str) -> None:
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        assert trail_value(written) == "2026-11-22 03:01:58 CST"
