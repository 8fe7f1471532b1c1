"""What a Call costs. Pure arithmetic: no database, no clock, no settings, no float.

The relay prices with it at settle and the audit re-prices with it later: the same figures must
come out, so a PriceVersion is all that the arithmetic may depend on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from billing.errors import BillingError
from billing.events import PriceLine
from billing.money import NANOS_MAX, TOKENS_PER_PRICE_UNIT, round_half_even, round_up


class Bucket(StrEnum):
    """What is counted and priced apart. The buckets of a Call are disjoint."""

    INPUT = "input"
    CACHED_INPUT = "cached_input"
    OUTPUT = "output"


REQUIRED = (Bucket.INPUT, Bucket.OUTPUT)
# A bucket without a price of its own is charged as another: never for nothing by omission.
FALLBACK = {Bucket.CACHED_INPUT: Bucket.INPUT}


class PriceError(BillingError, ValueError):
    """A price or a usage that nothing can be charged by."""

    code = "invalid_price"


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """One immutable version: nanos of the site's currency per million tokens, by bucket."""

    id: int
    components: Mapping[str, int]

    def nanos_per_mtok(self, bucket: Bucket) -> int:
        """The bucket's price, or that of the bucket it falls back to."""
        name = bucket if bucket in self.components else FALLBACK.get(bucket, bucket)
        try:
            return self.components[name]
        except KeyError:
            raise PriceError(f"price version {self.id} has no {bucket} price") from None


@dataclass(frozen=True, slots=True)
class Buckets:
    """The tokens of a Call. `cached_input` is not counted in `input`."""

    input: int = 0
    cached_input: int = 0
    output: int = 0

    def quantities(self) -> tuple[tuple[Bucket, int], ...]:
        """Every bucket with its count, in the order in which lines are shown."""
        return (
            (Bucket.INPUT, self.input),
            (Bucket.CACHED_INPUT, self.cached_input),
            (Bucket.OUTPUT, self.output),
        )


@dataclass(frozen=True, slots=True)
class Charge:
    """What a Call costs, and the lines that say why; empty buckets have no line."""

    nanos: int
    lines: tuple[PriceLine, ...]


def price(buckets: Buckets, version: PriceVersion) -> Charge:
    """The charge: one rounding, half-even, on the sum of the lines.

    Raises PriceError for negative counts and for a price the version does not have.
    """
    lines = []
    for bucket, quantity in buckets.quantities():
        if quantity < 0:
            raise PriceError(f"{quantity} tokens of {bucket}")
        if quantity > 0:
            lines.append(PriceLine(bucket.value, quantity, version.nanos_per_mtok(bucket)))
    return Charge(total_nanos(lines), tuple(lines))


def total_nanos(lines: list[PriceLine] | tuple[PriceLine, ...]) -> int:
    """What lines add up to: the only place where a charge is rounded."""
    total = sum(line.quantity * line.nanos_per_mtok for line in lines)
    return round_half_even(total, TOKENS_PER_PRICE_UNIT)


def worst_case(version: PriceVersion, input_tokens: int) -> tuple[int, int]:
    """`(input_hold_nanos, output_nanos_per_token)` for a Hold, both rounded up.

    Holding them for the prompt and the output cap covers any charge with no more tokens than
    that, whichever part of the prompt turns out to be cached.
    """
    dearest = max(version.nanos_per_mtok(Bucket.INPUT), version.nanos_per_mtok(Bucket.CACHED_INPUT))
    output = version.nanos_per_mtok(Bucket.OUTPUT)
    return (
        round_up(input_tokens * dearest, TOKENS_PER_PRICE_UNIT),
        round_up(output, TOKENS_PER_PRICE_UNIT),
    )


def check_components(components: Mapping[str, object]) -> dict[str, int]:
    """The components as a price may carry them; PriceError names what is wrong."""
    known = {bucket.value for bucket in Bucket}
    checked: dict[str, int] = {}
    for name, nanos in components.items():
        if name not in known:
            raise PriceError(f"unknown price component {name!r}")
        if not isinstance(nanos, int) or isinstance(nanos, bool) or not 0 <= nanos <= NANOS_MAX:
            raise PriceError(f"the {name} price must be an integer of nanos, zero or more")
        checked[name] = nanos
    for bucket in REQUIRED:
        if bucket not in checked:
            raise PriceError(f"the {bucket} price is missing")
    return checked
