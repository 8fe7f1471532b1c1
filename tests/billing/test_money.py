"""Decimal strings and nanos say the same, exactly or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import (
    NANOS_MAX,
    MoneyError,
    format_nanos,
    parse_nanos,
    round_half_even,
    round_up,
)


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("5", 5_000_000_000),
        ("0.15", 150_000_000),
        ("0.0375", 37_500_000),
        ("-1.5", -1_500_000_000),
        ("+0.000000001", 1),
        (" 12.50 ", 12_500_000_000),
        ("1.0000000000", 1_000_000_000),
        ("9223372036.854775807", NANOS_MAX),
    ],
)
def test_an_amount_is_read_exactly(text: str, nanos: int) -> None:
    assert parse_nanos(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "1.", ".5", "1e9", "1,5", "1_000", "NaN", "inf", "--1", "１", "0x1"),
        *("0.0000000001", "9223372036.854775808", "1" * 40),
    ],
)
def test_anything_else_is_refused_and_never_rounded(text: str) -> None:
    with pytest.raises(MoneyError):
        parse_nanos(text)


@pytest.mark.parametrize(
    ("nanos", "text"),
    [(0, "0.00"), (1, "0.000000001"), (-37_500_000, "-0.0375"), (5_000_000_000, "5.00")],
)
def test_an_amount_is_written_with_two_decimals_or_all_it_has(nanos: int, text: str) -> None:
    assert format_nanos(nanos) == text


@given(st.integers(-NANOS_MAX, NANOS_MAX))
def test_what_is_written_reads_back(nanos: int) -> None:
    assert parse_nanos(format_nanos(nanos)) == nanos


@pytest.mark.parametrize(
    ("numerator", "rounded"),
    [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2), (10, 2), (-2, 0), (-3, -1), (-6, -2)],
)
def test_halves_go_to_the_even_neighbour(numerator: int, rounded: int) -> None:
    assert round_half_even(numerator, 4) == rounded


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**12))
def test_rounding_is_off_by_half_at_most(numerator: int, denominator: int) -> None:
    error = round_half_even(numerator, denominator) * denominator - numerator
    assert 2 * abs(error) <= denominator


@given(st.integers(0, 10**30), st.integers(1, 10**12))
def test_rounding_up_is_the_least_that_suffices(numerator: int, denominator: int) -> None:
    rounded = round_up(numerator, denominator)
    assert (rounded - 1) * denominator < numerator <= rounded * denominator
