"""Durations are shown in seconds, and the shortest in milliseconds."""

import pytest

from accounts.templatetags.ui import seconds


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(None, "-"), (0, "0 ms"), (9, "9 ms"), (10, "0.01 s"), (412, "0.41 s"), (61_999, "61.99 s")],
)
def test_a_duration_is_never_shown_as_nothing(milliseconds: int | None, shown: str) -> None:
    assert seconds(milliseconds) == shown
