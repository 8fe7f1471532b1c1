"""Acceptance 10: 100,000 random usages and price tables; one rounding, never cheaper for more."""

import os
import random

from billing.money import TOKENS_PER_PRICE_UNIT
from billing.pricing import Bucket, Buckets, PriceVersion, price, worst_case

CHARGES = 100_000
SEED = int(os.environ.get("CHARGES_SEED", "10"))
# From a nano to 1,000 units per million tokens, by orders of magnitude: where rounding differs.
PRICE_DIGITS_MAX = 12
TOKEN_DIGITS_MAX = 7


def any_price(dice: random.Random) -> int:
    return dice.randrange(10 ** dice.randint(1, PRICE_DIGITS_MAX))


def any_count(dice: random.Random) -> int:
    return dice.choice((0, 1, dice.randrange(10 ** dice.randint(1, TOKEN_DIGITS_MAX))))


def any_version(dice: random.Random) -> PriceVersion:
    components = {"input": any_price(dice), "output": any_price(dice)}
    if dice.random() < 0.5:
        components["cached_input"] = any_price(dice)
    return PriceVersion(1, components)


def test_100_000_random_charges_are_rounded_once_and_grow_with_use() -> None:
    dice = random.Random(SEED)
    for number in range(CHARGES):
        version = any_version(dice)
        tokens = Buckets(any_count(dice), any_count(dice), any_count(dice))
        nanos = price(tokens, version).nanos
        # By other means than `pricing`: each bucket at its own price or at the one it falls to.
        table = version.components
        exact = (
            tokens.input * table["input"]
            + tokens.cached_input * table.get("cached_input", table["input"])
            + tokens.output * table["output"]
        )
        off = nanos * TOKENS_PER_PRICE_UNIT - exact
        assert 2 * abs(off) <= TOKENS_PER_PRICE_UNIT, (SEED, number)
        if 2 * abs(off) == TOKENS_PER_PRICE_UNIT:
            assert nanos % 2 == 0, (SEED, number)
        more = Buckets(tokens.input + 1, tokens.cached_input + 1, tokens.output + 1)
        assert price(more, version).nanos >= nanos, (SEED, number)
        held, per_token = worst_case(version, tokens.input + tokens.cached_input)
        assert held + tokens.output * per_token >= nanos, (SEED, number)


def test_the_walk_is_over_every_bucket() -> None:
    """A new bucket must enter the check above."""
    assert {bucket.value for bucket in Bucket} == {"input", "cached_input", "output"}
