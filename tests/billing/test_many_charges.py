"""Acceptance 10: 100,000 random usages and price tables; one rounding, never cheaper for more."""

import os
import random
from typing import Any

from billing.money import TOKENS_PER_PRICE_UNIT
from billing.price_versions import (
    FALLBACK,
    PROMPT_BUCKETS,
    TOKEN_BUCKETS,
    UNIT_BUCKETS,
    Bucket,
    PriceVersion,
    check_components,
)
from billing.pricing import Bounds, Buckets, price, worst_case

CHARGES = 100_000
SEED = int(os.environ.get("CHARGES_SEED", "10"))
# From a nano to 1,000 units per million tokens, by orders of magnitude: where rounding differs.
PRICE_DIGITS_MAX = 12
TOKEN_DIGITS_MAX = 7
FIRST_FOUR = (Bucket.INPUT, Bucket.CACHED_INPUT, Bucket.OUTPUT, Bucket.REASONING)
RARER = [bucket for bucket in Bucket if bucket not in FIRST_FOUR]
KINDS = ("hd:1024x1024", "1024x1024", "default", "low")


def any_price(dice: random.Random) -> int:
    return dice.randrange(10 ** dice.randint(1, PRICE_DIGITS_MAX))


def any_count(dice: random.Random) -> int:
    return dice.choice((0, 1, dice.randrange(10 ** dice.randint(1, TOKEN_DIGITS_MAX))))


def any_components(dice: random.Random) -> dict[str, Any]:
    components: dict[str, Any] = {"input": any_price(dice), "output": any_price(dice)}
    for bucket in dice.sample(list(Bucket), dice.randint(0, 4)):
        components.setdefault(bucket, any_price(dice))
    if dice.random() < 0.2:
        components["image"] = {kind: any_price(dice) for kind in dice.sample(KINDS, 2)}
    if dice.random() < 0.2:
        tier = {
            name: n * dice.randint(1, 3) for name, n in components.items() if name in TOKEN_BUCKETS
        }
        components["tiers"] = [{"above_tokens": 10 ** dice.randint(1, 6), **tier}]
    if dice.random() < 0.2:
        components["minimum"] = any_price(dice) // 1_000
    return check_components(components)


def any_use(dice: random.Random) -> Buckets:
    other = {name.value: any_count(dice) for name in dice.sample(RARER, dice.randint(0, 3))}
    if dice.random() < 0.2:
        other["image:" + dice.choice((*KINDS, "unlisted:1x1"))] = dice.randint(0, 10)
    return Buckets(any_count(dice), any_count(dice), any_count(dice), any_count(dice), other)


def by_hand(components: dict[str, Any], used: Buckets) -> int:
    """Millionths of a nano, by other means than `pricing`: each bucket at its own price or at the
    one it falls to."""
    prompt = used.input + used.cached_input
    prompt += sum(used.other.get(bucket, 0) for bucket in PROMPT_BUCKETS)
    table = dict(components)
    for tier in components.get("tiers", []):
        if prompt > tier["above_tokens"]:
            table |= tier
    exact = 0
    for name, count in used.quantities():
        exact += count * by_hand_one(components, table, name)
    floor = components.get("minimum", 0) * TOKENS_PER_PRICE_UNIT
    return (
        max(exact, floor)
        if any(n and by_hand_sold(components, b) for b, n in used.quantities())
        else exact
    )


def by_hand_sold(components: dict[str, Any], name: str) -> bool:
    if name.startswith("image:"):
        return "image" in components
    return name in components or (name in FALLBACK and "input" in components)


def by_hand_one(components: dict[str, Any], table: dict[str, Any], name: str) -> int:
    if name.startswith("image:"):
        prices = components.get("image", {})
        kind = name.removeprefix("image:")
        quality, _, size = kind.partition(":")
        listed = [prices[each] for each in (kind, size, quality, "default") if each in prices]
        each = listed[0] if listed else max(prices.values(), default=0)
        return int(each) * TOKENS_PER_PRICE_UNIT
    bucket: Bucket | None = Bucket(name)
    while bucket is not None and bucket not in table:
        bucket = FALLBACK.get(bucket)
    nanos = table[bucket] if bucket is not None else 0
    return nanos * TOKENS_PER_PRICE_UNIT if name in UNIT_BUCKETS else nanos


def test_100_000_random_charges_are_rounded_once_and_grow_with_use() -> None:
    dice = random.Random(SEED)
    for number in range(CHARGES):
        components, used = any_components(dice), any_use(dice)
        version = PriceVersion(1, components)
        nanos = price(used, version).nanos
        exact = by_hand(components, used)
        off = abs(nanos * TOKENS_PER_PRICE_UNIT - exact)
        assert 2 * off <= TOKENS_PER_PRICE_UNIT, (SEED, number)
        if 2 * off == TOKENS_PER_PRICE_UNIT:
            assert nanos % 2 == 0, (SEED, number)
        more = Buckets(
            used.input + 1,
            used.cached_input + 1,
            used.output + 1,
            used.reasoning + 1,
            {name: count + 1 for name, count in used.other.items()},
        )
        assert price(more, version).nanos >= nanos, (SEED, number)
        assert held(version, used) >= nanos, (SEED, number)


def held(version: PriceVersion, used: Buckets) -> int:
    """A Hold for exactly what was used, of which it is not known in which buckets tokens fall."""
    tokens = {name: n for name, n in used.other.items() if name in FALLBACK}
    prompt = sum(tokens.get(bucket, 0) for bucket in PROMPT_BUCKETS)
    bounds = Bounds(
        used.input + used.cached_input + prompt,
        {name: n for name, n in used.other.items() if name not in FALLBACK},
        PROMPT_BUCKETS,
        (Bucket.OUTPUT, Bucket.REASONING, Bucket.AUDIO_OUTPUT, Bucket.IMAGE_OUTPUT),
    )
    base, per_token = worst_case(version, bounds)
    return base + (used.output + used.reasoning + sum(tokens.values()) - prompt) * per_token
