"""A Call's price: one rounding on the sum, never cheaper for more, never above its Hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.money import TOKENS_PER_PRICE_UNIT
from billing.price_versions import PriceError, PriceVersion, check_components
from billing.pricing import Buckets, price, worst_case

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


def test_reasoning_is_output_unless_it_is_priced_apart() -> None:
    used = Buckets(output=30, reasoning=20)
    together = price(used, PriceVersion(1, {"input": 0, "output": 10**6}))
    assert [(line.bucket, line.quantity) for line in together.lines] == [("output", 50)]
    apart = price(used, PriceVersion(1, {"input": 0, "output": 10**6, "reasoning": 2 * 10**6}))
    assert [(line.bucket, line.quantity) for line in apart.lines] == [
        ("output", 30),
        ("reasoning", 20),
    ]
    assert (together.nanos, apart.nanos) == (50, 70)


def test_a_cache_write_costs_its_own_price_else_that_of_input() -> None:
    """Anthropic's own: a write of five minutes is 1.25 times the input, of an hour twice."""
    components = {"input": 3_000, "output": 0, "cache_write_5m": 3_750}
    used = Buckets(other={"cache_write_5m": 10**6, "cache_write_1h": 10**6})
    assert price(used, PriceVersion(1, components)).nanos == 3_750 + 3_750
    components["cache_write_1h"] = 6_000
    assert price(used, PriceVersion(1, components)).nanos == 3_750 + 6_000


@pytest.mark.parametrize(
    ("kind", "nanos"),
    [
        ("hd:1024x1024", 80),
        ("standard:1024x1024", 40),
        ("low:512x512", 10),
        ("high:9x9", 25),
    ],
)
def test_an_image_costs_by_quality_and_size(kind: str, nanos: int) -> None:
    images = {"hd:1024x1024": 80, "1024x1024": 40, "low": 10, "default": 25}
    charge = price(Buckets(other={f"image:{kind}": 3}), PriceVersion(1, {"image": images}))
    assert charge.nanos == 3 * nanos
    assert (charge.lines[0].bucket, charge.lines[0].nanos_per_unit) == (f"image:{kind}", nanos)


def test_an_image_of_a_kind_nobody_listed_costs_what_the_dearest_does() -> None:
    version = PriceVersion(1, {"image": {"1024x1024": 40, "hd": 80}})
    assert price(Buckets(other={"image:odd:7x7": 1}), version).nanos == 80


def test_characters_are_priced_per_million_and_seconds_and_requests_each() -> None:
    version = PriceVersion(1, {"characters": 15 * 10**9, "seconds": 100_000, "request": 7})
    used = Buckets(other={"characters": 4_096, "seconds": 61, "request": 1})
    assert price(used, version).nanos == 61_440_000 + 6_100_000 + 7


def test_a_long_prompt_is_priced_by_its_tier_as_a_whole() -> None:
    version = PriceVersion(
        1,
        {
            "input": 10**6,
            "output": 10**6,
            "tiers": [{"above_tokens": 200_000, "input": 2 * 10**6, "output": 3 * 10**6}],
        },
    )
    at = Buckets(input=150_000, cached_input=50_000, output=10)
    above = Buckets(input=150_000, cached_input=50_001, output=10)
    assert price(at, version).nanos == 200_010
    assert price(above, version).nanos == 2 * 200_001 + 30


def test_a_call_costs_at_least_the_minimum_and_says_so() -> None:
    version = PriceVersion(1, {"input": 500_000, "output": 0, "minimum": 1_000})
    short = price(Buckets(input=5), version)
    assert (short.nanos, [line.bucket for line in short.lines]) == (1_000, ["input", "minimum"])
    assert price(Buckets(input=4_000), version).nanos == 2_000
    assert price(Buckets(), version).nanos == 0


def test_a_plan_takes_off_every_price_and_each_is_rounded_to_the_nano() -> None:
    version = PriceVersion(1, {"input": 15, "output": 10**6}, adjustment_bp=-1_000)
    assert [version.nanos_per_mtok(bucket) for bucket in ("input", "output")] == [14, 900_000]
    assert price(Buckets(output=10), version).lines[0].nanos_per_mtok == 900_000


@pytest.mark.parametrize(
    "components",
    [
        {"cached_input": 1},
        {"image": {}},
        {"image": {"": 1}},
        {"image": {"hd": -1}},
        {"minimum": 1},
        {"input": 1, "output": 1, "tiers": [{"above_tokens": 0, "input": 1}]},
        {"input": 1, "output": 1, "tiers": [{"above_tokens": 5}]},
        {"input": 2, "output": 1, "tiers": [{"above_tokens": 5, "input": 1}]},
        {"input": 1, "output": 1, "tiers": [{"above_tokens": 5, "cached_input": 1}]},
        {
            "input": 1,
            "output": 1,
            "tiers": [{"above_tokens": 5, "input": 3}, {"above_tokens": 4, "input": 4}],
        },
    ],
)
def test_prices_that_would_charge_nothing_or_less_for_more_are_refused(
    components: dict[str, object],
) -> None:
    with pytest.raises(PriceError):
        check_components(components)
