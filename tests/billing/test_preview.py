"""A price is tried on Calls of the past: exactly what each would have been charged."""

import random
from fractions import Fraction

from billing.preview import Preview, Used, buckets_of, replay
from billing.price_versions import PriceVersion
from billing.pricing import Buckets, price
from tests.billing.test_many_charges import any_components, any_use, by_hand

OLD = PriceVersion(1, {"input": 1_000_000, "output": 2_000_000})


def test_the_figures_are_those_of_every_call_priced_anew() -> None:
    rows = [
        Used(Buckets(input=10), charged_nanos=10, cost_nanos=15),
        Used(Buckets(input=10, output=10), charged_nanos=30, cost_nanos=1),
        Used(Buckets(output=5), charged_nanos=11, cost_nanos=20),
    ]
    new = PriceVersion(2, {"input": 2_000_000, "output": 2_000_000})
    assert replay(rows, new) == Preview(
        calls=3,
        charged_nanos=51,
        would_be_nanos=20 + 40 + 10,
        dearer_calls=2,
        cheaper_calls=1,
        below_cost_calls=1,
    )
    assert replay(rows, new).difference_nanos == 19


def test_the_price_in_force_changes_nothing() -> None:
    dice = random.Random(3)
    used = [Buckets(dice.randrange(10_000), 0, dice.randrange(900)) for _ in range(50)]
    rows = [Used(each, price(each, OLD).nanos, 0) for each in used]
    preview = replay(rows, OLD)
    assert (preview.difference_nanos, preview.dearer_calls, preview.cheaper_calls) == (0, 0, 0)


def test_random_calls_come_to_what_they_do_by_hand() -> None:
    dice = random.Random(4)
    for _ in range(200):
        components = any_components(dice)
        used = [any_use(dice) for _ in range(5)]
        by_other_means = sum(
            round(Fraction(by_hand(components, each), 10**6)) for each in used
        )  # Python rounds fractions half to even
        rows = [Used(each, 0, 0) for each in used]
        assert replay(rows, PriceVersion(1, components)).would_be_nanos == by_other_means


def test_previews_add_up() -> None:
    rows = [Used(Buckets(input=n), n, n) for n in range(9)]
    parts = replay(rows[:4], OLD) + replay(rows[4:], OLD)
    assert parts == replay(rows, OLD)


def test_a_call_that_used_anything_was_one_request() -> None:
    tokens = buckets_of(input=1, cached_input=0, output=5, reasoning=2, quantities={})
    assert tokens == Buckets(1, 0, 3, 2, {"request": 1})
    image = buckets_of(
        input=0, cached_input=0, output=0, reasoning=0, quantities={"image:hd": 2, "request": 1}
    )
    assert image.other == {"request": 1, "image:hd": 2}
    nothing = buckets_of(input=0, cached_input=0, output=0, reasoning=0, quantities={})
    assert nothing == Buckets()
