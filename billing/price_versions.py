"""What a price may say, and one immutable version of it. Pure: no database, no clock, no float.

Components as they are stored, integers of nanos: token buckets and characters per million, what
is counted one by one each; `image` by quality and size; `tiers` by the length of the prompt;
`minimum`, the least that a Call with any use costs.

    {"input": 150000000, "output": 600000000, "image": {"hd:1024x1024": 80000000},
     "tiers": [{"above_tokens": 200000, "input": 300000000}], "minimum": 1000}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from billing.errors import BillingError
from billing.money import NANOS_MAX, round_half_even


class Bucket(StrEnum):
    """What is counted and priced apart. The buckets of a Call are disjoint."""

    INPUT = "input"
    CACHED_INPUT = "cached_input"
    CACHE_WRITE_5M = "cache_write_5m"
    CACHE_WRITE_1H = "cache_write_1h"
    OUTPUT = "output"
    REASONING = "reasoning"
    AUDIO_INPUT = "audio_input"
    CACHED_AUDIO_INPUT = "cached_audio_input"
    AUDIO_OUTPUT = "audio_output"
    IMAGE_INPUT = "image_input"
    IMAGE_OUTPUT = "image_output"
    CHARACTERS = "characters"
    SECONDS = "seconds"
    REQUEST = "request"


# A token bucket without a price of its own is charged as another: never for nothing by omission.
FALLBACK = {
    Bucket.CACHED_INPUT: Bucket.INPUT,
    Bucket.CACHE_WRITE_5M: Bucket.INPUT,
    Bucket.CACHE_WRITE_1H: Bucket.CACHE_WRITE_5M,
    Bucket.REASONING: Bucket.OUTPUT,
    Bucket.AUDIO_INPUT: Bucket.INPUT,
    Bucket.CACHED_AUDIO_INPUT: Bucket.AUDIO_INPUT,
    Bucket.AUDIO_OUTPUT: Bucket.OUTPUT,
    Bucket.IMAGE_INPUT: Bucket.INPUT,
    Bucket.IMAGE_OUTPUT: Bucket.OUTPUT,
}
# Counted one by one; all others are priced per million.
UNIT_BUCKETS = frozenset({Bucket.SECONDS, Bucket.REQUEST})
PROMPT_BUCKETS = (
    Bucket.INPUT,
    Bucket.CACHED_INPUT,
    Bucket.CACHE_WRITE_5M,
    Bucket.CACHE_WRITE_1H,
    Bucket.AUDIO_INPUT,
    Bucket.CACHED_AUDIO_INPUT,
    Bucket.IMAGE_INPUT,
)
# Where tokens have a price, both of these do: the others fall back to them.
REQUIRED = (Bucket.INPUT, Bucket.OUTPUT)
TOKEN_BUCKETS = frozenset(FALLBACK) | frozenset(REQUIRED)

# Where the tokens of plain text may fall.
TEXT_INPUT = (Bucket.INPUT, Bucket.CACHED_INPUT)
TEXT_OUTPUT = (Bucket.OUTPUT, Bucket.REASONING)

IMAGE = "image"
IMAGE_PREFIX = "image:"
IMAGE_DEFAULT = "default"
TIERS = "tiers"
ABOVE_TOKENS = "above_tokens"
MINIMUM = "minimum"
# More kinds of images or tiers than any vendor lists; bounds what a page and a Hold look at.
IMAGE_KINDS_MAX = 64
TIERS_MAX = 8
KIND_CHARS_MAX = 60
ADJUSTMENT_UNIT = 10_000  # basis points


class PriceError(BillingError, ValueError):
    """A price or a usage that nothing can be charged by."""

    code = "invalid_price"


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """One version of a price, adjusted by a plan: minus 1,000 basis points is 10 % off.

    An adjusted price is rounded half-even to the nano, so that what lines show is what was charged.
    """

    id: int
    components: Mapping[str, Any]
    adjustment_bp: int = 0
    # Prices by bucket from so many tokens of prompt on, the highest tier first; images by kind.
    _tables: tuple[tuple[int, Mapping[str, int]], ...] = field(
        init=False, repr=False, compare=False
    )
    # As _tables: the dearest that a token of text put in can be, and one of the answer.
    _text_rates: tuple[tuple[int, tuple[int, int]], ...] = field(
        init=False, repr=False, compare=False
    )
    images: Mapping[str, int] = field(init=False, repr=False, compare=False)
    minimum_nanos: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        plain = {name: self._adjusted(self.components[name]) for name in _buckets(self.components)}
        tables = [(-1, _with_fallbacks(plain))]
        for tier in self.components.get(TIERS, ()):
            own = {name: self._adjusted(tier[name]) for name in _buckets(tier)}
            tables.append((tier[ABOVE_TOKENS], _with_fallbacks(plain | own)))
        images = self.components.get(IMAGE, {})
        put = object.__setattr__
        put(self, "_tables", tuple(reversed(tables)))
        put(
            self,
            "_text_rates",
            tuple((above, _text_rates(prices)) for above, prices in reversed(tables)),
        )
        put(self, "images", {kind: self._adjusted(nanos) for kind, nanos in images.items()})
        put(self, "minimum_nanos", self.components.get(MINIMUM, 0))

    def table(self, prompt_tokens: int) -> Mapping[str, int]:
        """The prices of a Call with so long a prompt, by bucket; what is not sold is not there."""
        if len(self._tables) == 1:
            return self._tables[0][1]
        return next(prices for above, prices in self._tables if prompt_tokens > above)

    def text_rates(self, prompt_tokens: int) -> tuple[int, int]:
        """Nanos per million of the dearest token of text that is put in, and that comes out."""
        if len(self._text_rates) == 1:
            return self._text_rates[0][1]
        return next(rates for above, rates in self._text_rates if prompt_tokens > above)

    def nanos_per_image(self, kind: str) -> int | None:
        """Of an image `quality:size`: its own price, its size's, its quality's, the default.

        An unlisted kind costs what the dearest does, never nothing; None where none is sold.
        """
        if not self.images:
            return None
        quality, _, size = kind.partition(":")
        for name in (kind, size, quality, IMAGE_DEFAULT):
            if name in self.images:
                return self.images[name]
        return max(self.images.values())

    def prices(self, *buckets: Bucket | str) -> bool:
        """Whether every one of these is charged for in some way, or each request is."""
        table = self.table(0)
        if Bucket.REQUEST in table:
            return True
        return all(name in table or (name == IMAGE and self.images) for name in buckets)

    def nanos_per_mtok(self, bucket: Bucket) -> int:
        """The bucket's price for a short prompt, or that of the bucket it falls back to."""
        try:
            return self.table(0)[bucket]
        except KeyError:
            raise PriceError(f"price version {self.id} has no {bucket} price") from None

    def _adjusted(self, nanos: int) -> int:
        if not self.adjustment_bp:
            return nanos
        return round_half_even(nanos * (ADJUSTMENT_UNIT + self.adjustment_bp), ADJUSTMENT_UNIT)


def _text_rates(prices: Mapping[str, int]) -> tuple[int, int]:
    def dearest(*buckets: Bucket) -> int:
        return max(prices.get(bucket, 0) for bucket in buckets)

    return dearest(*TEXT_INPUT), dearest(*TEXT_OUTPUT)


def _buckets(components: Mapping[str, Any]) -> Iterator[str]:
    return (bucket.value for bucket in Bucket if bucket in components)


def _with_fallbacks(own: Mapping[str, int]) -> dict[str, int]:
    """Every bucket that has a price, its own or another's."""
    table: dict[str, int] = {}
    for bucket in Bucket:
        name: Bucket | None = bucket
        while name is not None and name not in own:
            name = FALLBACK.get(name)
        if name is not None:
            table[bucket.value] = own[name]
    return table


def check_components(components: Mapping[str, Any]) -> dict[str, Any]:
    """The components as a price may carry them, in one order; PriceError names what is wrong."""
    known = {*(bucket.value for bucket in Bucket), IMAGE, TIERS, MINIMUM}
    for name in components:
        if name not in known:
            raise PriceError(f"unknown price component {name!r}")
    checked: dict[str, Any] = {
        name: _nanos(name, components[name]) for name in _buckets(components)
    }
    if images := components.get(IMAGE):
        checked[IMAGE] = _check_images(images)
    if not checked:
        raise PriceError("the price says nothing")
    if any(name in TOKEN_BUCKETS for name in checked):
        for bucket in REQUIRED:
            if bucket not in checked:
                raise PriceError(f"the {bucket} price is missing")
    if tiers := components.get(TIERS):
        checked[TIERS] = _check_tiers(tiers, checked)
    if minimum := components.get(MINIMUM):
        checked[MINIMUM] = _nanos(MINIMUM, minimum)
    return checked


def _nanos(name: str, nanos: object) -> int:
    if not isinstance(nanos, int) or isinstance(nanos, bool) or not 0 <= nanos <= NANOS_MAX:
        raise PriceError(f"the {name} price must be an integer of nanos, zero or more")
    return nanos


def _check_images(images: object) -> dict[str, int]:
    if not isinstance(images, Mapping) or len(images) > IMAGE_KINDS_MAX:
        raise PriceError(f"image prices are at most {IMAGE_KINDS_MAX}, by quality:size")
    for kind in images:
        if not isinstance(kind, str) or not 0 < len(kind) <= KIND_CHARS_MAX:
            raise PriceError(f"no kind of image: {kind!r}")
    return {kind: _nanos(f"{kind} image", images[kind]) for kind in sorted(images)}


def _check_tiers(tiers: object, base: Mapping[str, Any]) -> list[dict[str, int]]:
    """Ascending, and never cheaper than the tier below: more tokens never cost less."""
    if not isinstance(tiers, list | tuple) or len(tiers) > TIERS_MAX:
        raise PriceError(f"tiers are a list of at most {TIERS_MAX}")
    checked: list[dict[str, int]] = []
    lowest, above = _with_fallbacks({k: v for k, v in base.items() if k != IMAGE}), 0
    for tier in tiers:
        checked.append(_check_tier(tier, base, above))
        own = {k: v for k, v in base.items() if k != IMAGE} | checked[-1]
        own.pop(ABOVE_TOKENS)
        highest = _with_fallbacks(own)
        for name, nanos in lowest.items():
            if highest[name] < nanos:
                raise PriceError(f"the {name} price falls from one tier to the next")
        lowest, above = highest, checked[-1][ABOVE_TOKENS]
    return checked


def _check_tier(tier: object, base: Mapping[str, Any], above: int) -> dict[str, int]:
    if not isinstance(tier, Mapping):
        raise PriceError("a tier is a mapping of above_tokens and prices")
    start = tier.get(ABOVE_TOKENS)
    if not isinstance(start, int) or isinstance(start, bool) or not above < start <= NANOS_MAX:
        raise PriceError("tiers begin above a number of tokens, each higher than the last")
    for name in tier:
        if name != ABOVE_TOKENS and (name not in TOKEN_BUCKETS or name not in base):
            raise PriceError(f"a tier can't price {name!r}: only token buckets that have a price")
    if len(tier) == 1:
        raise PriceError("the tier prices nothing")
    return {ABOVE_TOKENS: start} | {name: _nanos(name, tier[name]) for name in _buckets(tier)}
