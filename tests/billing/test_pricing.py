"""A Call's price: one rounding on the sum, never cheaper for more, never above its Hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.money import TOKENS_PER_PRICE_UNIT
from billing.pricing import Buckets, PriceError, PriceVersion, check_components, price, worst_case

TOKENS = st.integers(0, 2_000_000)
# Up to 1,000 units per million tokens, odd nanos included: dearer than any model sold.
NANOS = st.integers(0, 10**12)
BUCKETS = st.builds(Buckets, input=TOKENS, cached_input=TOKENS, output=TOKENS)
VERSIONS = st.builds(
    lambda components: PriceVersion(1, components),
    st.fixed_dictionaries({"input": NANOS, "output": NANOS}, optional={"cached_input": NANOS}),
)


def test_ten_tokens_at_0_0375_per_million_cost_375_nanos() -> None:
    version = PriceVersion(7, {"input": 37_500_000, "output": 150_000_000})
    charge = price(Buckets(input=10), version)
    assert charge.nanos == 375
    assert [(line.bucket, line.quantity, line.nanos_per_mtok) for line in charge.lines] == [
        ("input", 10, 37_500_000)
    ]


def test_the_sum_is_rounded_and_not_its_lines() -> None:
    """Each line alone is 0.4 nanos and would vanish."""
    version = PriceVersion(1, {"input": 400_000, "cached_input": 400_000, "output": 400_000})
    assert price(Buckets(input=1, cached_input=1, output=1), version).nanos == 1


def test_cached_input_without_a_price_of_its_own_costs_as_input() -> None:
    version = PriceVersion(1, {"input": 10**9, "output": 10**9})
    charge = price(Buckets(cached_input=1000), version)
    assert charge.nanos == 10**6
    assert charge.lines[0].bucket == "cached_input"


def test_negative_counts_are_refused() -> None:
    with pytest.raises(PriceError):
        price(Buckets(output=-1), PriceVersion(1, {"input": 1, "output": 1}))


@pytest.mark.parametrize(
    "components",
    [
        {},
        {"input": 1},
        {"input": 1, "output": -1},
        {"input": 1, "output": True},
        {"input": 1, "output": "1"},
        {"input": 1, "output": 1, "images": 1},
        {"input": 1, "output": 2**63},
    ],
)
def test_components_that_make_no_sense_are_refused(components: dict[str, object]) -> None:
    with pytest.raises(PriceError):
        check_components(components)


@settings(max_examples=500)
@given(BUCKETS, VERSIONS)
def test_a_charge_is_within_half_a_nano_of_the_exact_sum(
    buckets: Buckets, version: PriceVersion
) -> None:
    charge = price(buckets, version)
    exact = sum(line.quantity * line.nanos_per_mtok for line in charge.lines)
    assert 2 * abs(charge.nanos * TOKENS_PER_PRICE_UNIT - exact) <= TOKENS_PER_PRICE_UNIT


@settings(max_examples=500)
@given(BUCKETS, BUCKETS, VERSIONS)
def test_more_tokens_are_never_cheaper(
    buckets: Buckets, more: Buckets, version: PriceVersion
) -> None:
    both = Buckets(
        buckets.input + more.input,
        buckets.cached_input + more.cached_input,
        buckets.output + more.output,
    )
    assert price(both, version).nanos >= price(buckets, version).nanos


@settings(max_examples=500)
@given(BUCKETS, VERSIONS)
def test_the_worst_case_covers_every_charge_of_so_many_tokens(
    buckets: Buckets, version: PriceVersion
) -> None:
    held, per_token = worst_case(version, buckets.input + buckets.cached_input)
    assert held + buckets.output * per_token >= price(buckets, version).nanos
