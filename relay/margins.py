"""What is left of a price after what routes cost: by bucket, in basis points. Pure."""

from collections.abc import Iterable

from billing.price_versions import ADJUSTMENT_UNIT, Bucket, PriceVersion

# What most models are compared by; what else is sold has no margin in lists.
COMPARED = (Bucket.INPUT, Bucket.OUTPUT)


def least_bp(price: PriceVersion, costs: Iterable[PriceVersion]) -> int | None:
    """The least margin of tokens put in or coming out, at any route; less than zero is a loss.

    Rounded down. None where no cost is known or the price is nothing.
    """
    ours = price.table(0)
    found = [
        (ours[bucket] - theirs[bucket]) * ADJUSTMENT_UNIT // ours[bucket]
        for theirs in (cost.table(0) for cost in costs)
        for bucket in COMPARED
        if ours.get(bucket) and bucket in theirs
    ]
    return min(found, default=None)
