"""Where a price is below what upstreams charge us: kinds of use, by name. Changes nothing.

One rule for pages and programs: such a price is published by who says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils import timezone

from billing.errors import BillingError
from billing.models import Model
from billing.price_versions import (
    ABOVE_TOKENS,
    IMAGE_PREFIX,
    TIERS,
    Bucket,
    PriceVersion,
    check_components,
)
from billing.price_words import word
from relay import costs
from relay.models import Route


class BelowCost(BillingError):
    """Some use would lose money, and nobody agreed to that."""

    code = "below_cost"


def check(model: Model, components: Mapping[str, Any]) -> None:
    """Raise BelowCost for a price that loses money, PriceError for one that makes no sense."""
    if components and (losses := of_model(model, check_components(components))):
        raise BelowCost(f"Below cost: {', '.join(losses)}.")


def of_model(model: Model, components: Mapping[str, Any]) -> list[str]:
    """The kinds of use that some route in use costs more for than `components` charge; none where
    they charge nothing, which ends a price."""
    if not components:
        return []
    return words(PriceVersion(0, components), known_costs([model.pk]).get(model.pk, ()))


def known_costs(model_ids: Iterable[str]) -> dict[str, list[PriceVersion]]:
    """What the routes in use of these models cost now, where that is known. Two queries."""
    ids = list(model_ids)
    in_force = costs.of_models(ids, timezone.now())
    found: dict[str, list[PriceVersion]] = {}
    for route in Route.objects.filter(model__in=ids, is_active=True):
        if (row := in_force.get(costs.key_of(route))) is not None:
            found.setdefault(route.model_id, []).append(costs.version_of(row))
    return found


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
