"""Where a price is below what upstreams charge us. Pure."""

from collections.abc import Iterable, Iterator

from billing.price_versions import ABOVE_TOKENS, IMAGE_PREFIX, TIERS, Bucket, PriceVersion
from billing.price_words import word


def words(price: PriceVersion, costs: Iterable[PriceVersion]) -> list[str]:
    """The kinds of use, by name, that some cost charges more for than the price does."""
    found = dict.fromkeys(name for cost in costs for name in _names(price, cost))
    return [word(name) for name in sorted(found, key=_place)]


def _names(price: PriceVersion, cost: PriceVersion) -> Iterator[str]:
    """What only one of them charges for is not compared: it is paid for in another way."""
    named = _named(price) | _named(cost)
    starts = (each[ABOVE_TOKENS] for of in (price, cost) for each in of.components.get(TIERS, ()))
    for prompt_tokens in (0, *(start + 1 for start in starts)):
        ours, theirs = price.table(prompt_tokens), cost.table(prompt_tokens)
        both = named & ours.keys() & theirs.keys()
        yield from (name for name in both if ours[name] < theirs[name])
    for kind in {**price.images, **cost.images}:
        paid, charged = price.nanos_per_image(kind), cost.nanos_per_image(kind)
        if paid is not None and charged is not None and paid < charged:
            yield IMAGE_PREFIX + kind


def _named(version: PriceVersion) -> set[str]:
    """The buckets with a price of their own, in a tier or not: the others follow them."""
    tables = (version.components, *version.components.get(TIERS, ()))
    return {bucket.value for bucket in Bucket for table in tables if bucket in table}


def _place(name: str) -> tuple[int, str]:
    order = [bucket.value for bucket in Bucket]
    return (order.index(name) if name in order else len(order), name)
