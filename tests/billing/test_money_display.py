"""Amounts on pages are exact decimal strings of integers, and never hide a charge as zero."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.templatetags.money import change, line_exact, money, money4, money6, money_exact

NANOS = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@given(NANOS, st.sampled_from([(money, 2), (money4, 4), (money6, 6)]))
def test_display_is_the_amount_rounded_half_even(nanos: int, style: tuple[object, int]) -> None:
    show, places = style
    text: str = show(nanos, "USD")  # type: ignore[operator]
    shown = Decimal(text.replace("$", "").replace(",", ""))
    rounded = (Decimal(nanos) / 10**9).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    if rounded:
        assert shown == rounded
    else:
        assert (shown == 0) == (nanos == 0)


@given(NANOS)
def test_exact_display_loses_nothing(nanos: int) -> None:
    shown = Decimal(money_exact(nanos, "USD").replace("$", "").replace(",", ""))
    assert shown == Decimal(nanos) / 10**9


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "$0.00"),
        (25_000_000_000, "$25.00"),
        (1_234_567_890_000_000, "$1,234,567.89"),
        (375, "$0.000000375"),
        (-2_000, "-$0.000002"),
        (-5_000_000_000, "-$5.00"),
    ],
)
def test_how_sums_look(nanos: int, text: str) -> None:
    assert money(nanos, "USD") == text


def test_other_currencies_and_nothing() -> None:
    assert money(10**9, "CNY") == "¥1.00"
    assert money(-(10**9), "CHF") == "-CHF 1.00"
    assert money(None, "USD") == "-"
    assert "+$1.000000" in change(10**9, "USD")
    assert line_exact(1500 * 150_000_000, "USD") == "$0.000225"
