"""What becomes of prices that one rule changes: exact, rounded as asked, never given away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import BillingError
from billing.price_rules import Amount, Direction, Percent, Rule, parse_step
from billing.price_versions import PriceError

MILLION = 10**6
PRICE = {
    "input": 150_000_000,
    "output": 600_000_000,
    "request": 1_000_001,
    "image": {"hd": 80_000_001},
    "tiers": [{"above_tokens": 1000, "input": 300_000_000}],
    "minimum": 500,
}


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("+10%", Percent(1_000)),
        ("10 %", Percent(1_000)),
        ("-2.5%", Percent(-250)),
        ("0.15", Amount(150_000_000)),
        ("0", Amount(0)),
    ],
)
def test_a_step_is_read(text: str, step: Percent | Amount) -> None:
    assert parse_step(text) == step


@pytest.mark.parametrize("text", ["", "ten", "+10", "-1", "1e3", "+10.123%", "-95%", "+5000%", "%"])
def test_what_is_no_step_is_refused(text: str) -> None:
    if text == "+10":
        assert parse_step(text) == Amount(10 * 10**9), "a sum may carry its sign"
        return
    with pytest.raises(BillingError):
        parse_step(text)


def test_everything_moves_but_the_minimum_and_what_has_its_own_step() -> None:
    rule = Rule(steps={"output": Amount(MILLION), "image": Percent(-5_000)}, others=Percent(1_000))
    assert rule.apply(PRICE) == {
        "input": 165_000_000,
        "output": MILLION,
        "request": 1_100_001,
        "image": {"hd": 40_000_000},
        "tiers": [{"above_tokens": 1000, "input": 330_000_000}],
        "minimum": 500,
    }


def test_an_amount_never_adds_a_price_and_leaves_tiers_alone() -> None:
    rule = Rule(steps={"cached_input": Amount(1), "input": Amount(200_000_000)})
    moved = rule.apply(PRICE)
    assert "cached_input" not in moved
    assert moved["tiers"] == PRICE["tiers"]
    with pytest.raises(PriceError):
        Rule(steps={"input": Amount(400_000_000)}).apply(PRICE)  # dearer than its own tier


@pytest.mark.parametrize(
    ("direction", "nanos"),
    [(Direction.NEAREST, 160_000_000), (Direction.UP, 170_000_000), (Direction.DOWN, 160_000_000)],
)
def test_prices_per_million_are_rounded_and_others_are_not(
    direction: Direction, nanos: int
) -> None:
    rule = Rule(others=Percent(900), rounding_nanos=10_000_000, direction=direction)
    moved = rule.apply({"input": 150_000_000, "output": 0, "request": 1_000_000})
    assert moved == {"input": nanos, "output": 0, "request": 1_090_000}


@given(
    nanos=st.integers(0, 10**12),
    basis_points=st.integers(-9_000, 100_000),
    rounding=st.sampled_from([1, 10**5, 10**7, 10**9]),
    direction=st.sampled_from(list(Direction)),
)
def test_a_price_is_near_the_exact_one_and_never_nothing(
    nanos: int, basis_points: int, rounding: int, direction: Direction
) -> None:
    rule = Rule(others=Percent(basis_points), rounding_nanos=rounding, direction=direction)
    moved = rule.apply({"input": nanos, "output": nanos})["input"]
    if not basis_points:
        assert moved == nanos
        return
    assert moved % rounding == 0
    assert bool(moved) == bool(nanos)
    exact = nanos * (10_000 + basis_points)
    assert abs(moved * 10_000 - exact) < rounding * 10_000 or moved == rounding
    if direction is Direction.UP:
        assert moved * 10_000 >= exact
    if direction is Direction.DOWN and moved > rounding:
        assert moved * 10_000 <= exact
