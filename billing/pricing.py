"""What a Call costs. Pure arithmetic: no database, no clock, no settings, no float.

The relay prices with it at settle and the audit re-prices with it later: the same figures must
come out, so a PriceVersion is all that the arithmetic may depend on.
"""

from collections.abc import Iterable, Mapping

import msgspec

from billing.events import PriceLine
from billing.money import TOKENS_PER_PRICE_UNIT, round_half_even, round_up
from billing.price_versions import (
    IMAGE_PREFIX,
    MINIMUM,
    PROMPT_BUCKETS,
    TEXT_INPUT,
    TEXT_OUTPUT,
    UNIT_BUCKETS,
    Bucket,
    PriceError,
    PriceVersion,
)


class Buckets(msgspec.Struct, frozen=True, gc=False):
    """What a Call used, in disjoint buckets: no token is in two of them.

    `other` holds the rarer buckets by name, and images as `image:quality:size`.
    """

    input: int = 0
    cached_input: int = 0
    output: int = 0
    reasoning: int = 0
    other: Mapping[str, int] = {}

    def quantities(self) -> list[tuple[str, int]]:
        """Every bucket with its count, in the order in which lines are shown."""
        counts = [
            ("input", self.input),
            ("cached_input", self.cached_input),
            ("output", self.output),
            ("reasoning", self.reasoning),
        ]
        return counts + sorted(self.other.items()) if self.other else counts

    @property
    def prompt_tokens(self) -> int:
        """What the tiers go by: everything that was put in, cached or not."""
        tokens = self.input + self.cached_input
        if self.other:
            tokens += sum(self.other.get(bucket, 0) for bucket in PROMPT_BUCKETS)
        return tokens


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What a Call costs, and the lines that say why; empty buckets have no line."""

    nanos: int
    lines: tuple[PriceLine, ...]


NOTHING = Charge(0, ())


def price(buckets: Buckets, version: PriceVersion) -> Charge:
    """The charge: one rounding, half-even, on the sum of the lines.

    A bucket that has no price, not even another's, is not charged (an image model priced by the
    image also counts tokens): admission sees to it that what an endpoint counts is priced.
    Raises PriceError for negative counts.
    """
    if buckets.reasoning and Bucket.REASONING not in version.components:
        output = buckets.output + buckets.reasoning
        buckets = Buckets(buckets.input, buckets.cached_input, output, 0, buckets.other)
    table = version.table(buckets.prompt_tokens)
    lines = []
    for name, quantity in buckets.quantities():
        if quantity == 0:
            continue
        if quantity < 0:
            raise PriceError(f"{quantity} of {name}")
        if (line := _line(name, quantity, table, version)) is not None:
            lines.append(line)
    if not lines:
        return NOTHING
    if version.minimum_nanos and (short := _short_of_minimum(lines, version)) > 0:
        # Millionths of a nano, so that the sum comes to the minimum itself.
        lines.append(PriceLine(MINIMUM, 1, nanos_per_mtok=short))
    return Charge(total_nanos(lines), tuple(lines))


def _line(
    name: str, quantity: int, table: Mapping[str, int], version: PriceVersion
) -> PriceLine | None:
    nanos = table.get(name)
    if nanos is not None:
        if name in UNIT_BUCKETS:
            return PriceLine(name, quantity, nanos_per_unit=nanos)
        return PriceLine(name, quantity, nanos)
    if not name.startswith(IMAGE_PREFIX):
        return None
    per_image = version.nanos_per_image(name.removeprefix(IMAGE_PREFIX))
    return None if per_image is None else PriceLine(name, quantity, nanos_per_unit=per_image)


def _short_of_minimum(lines: Iterable[PriceLine], version: PriceVersion) -> int:
    product = sum(line.product for line in lines)
    return version.minimum_nanos * TOKENS_PER_PRICE_UNIT - product


def total_nanos(lines: Iterable[PriceLine]) -> int:
    """What lines add up to: the only place where a charge is rounded."""
    return round_half_even(sum(line.product for line in lines), TOKENS_PER_PRICE_UNIT)


class Bounds(msgspec.Struct, frozen=True, gc=False):
    """What a Call can use at most, beside its output: for the Hold.

    `input_tokens` may come in any of `input_buckets`, each token of output in any of
    `output_buckets`; `other` is counted as in `Buckets`.
    """

    input_tokens: int = 0
    other: Mapping[str, int] = {}
    input_buckets: tuple[str, ...] = TEXT_INPUT
    output_buckets: tuple[str, ...] = TEXT_OUTPUT


def worst_case(version: PriceVersion, bounds: Bounds | int) -> tuple[int, int]:
    """`(base_nanos, output_nanos_per_token)` for a Hold, both rounded up.

    Holding them for the output cap covers any charge within the bounds; a number stands for so
    many tokens of text.
    """
    if isinstance(bounds, int):
        bounds = Bounds(bounds)
    table = version.table(bounds.input_tokens)
    if bounds.input_buckets is TEXT_INPUT and bounds.output_buckets is TEXT_OUTPUT:
        dearest, output = version.text_rates(bounds.input_tokens)
    else:
        dearest = max((table.get(name, 0) for name in bounds.input_buckets), default=0)
        output = max((table.get(name, 0) for name in bounds.output_buckets), default=0)
    product = bounds.input_tokens * dearest
    for name, quantity in bounds.other.items():
        if (line := _line(name, quantity, table, version)) is not None:
            product += line.product
    return (
        max(round_up(product, TOKENS_PER_PRICE_UNIT), version.minimum_nanos),
        round_up(output, TOKENS_PER_PRICE_UNIT),
    )
