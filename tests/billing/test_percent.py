"""Percentages are read and written exactly, to a hundredth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.percent import PercentError, format_percent, parse_percent


@pytest.mark.parametrize(
    ("text", "basis_points"),
    [("-10", -1_000), ("5.5", 550), ("+0.25", 25), ("0", 0), ("-0.5", -50), ("100.05", 10_005)],
)
def test_a_percentage_is_basis_points(text: str, basis_points: int) -> None:
    assert parse_percent(text) == basis_points
    assert format_percent(basis_points) == text.lstrip("+")


@given(st.integers(-999_999, 999_999))
def test_what_is_written_is_read_back(basis_points: int) -> None:
    assert parse_percent(format_percent(basis_points)) == basis_points


@pytest.mark.parametrize("text", ["", "5%", "1e2", "0.125", "½", "--1", "12345", "1.", "١"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(PercentError):
        parse_percent(text)
