"""Routes as staff manage them: add, change, remove. Each act is one transaction, and the relays
hear of it after commit."""

from collections.abc import Mapping

from django.db import transaction

from billing.models import Model
from billing.pricing import check_components
from relay import signals
from relay.models import Route, Upstream


@transaction.atomic
def add(
    model: Model,
    upstream: Upstream,
    *,
    name: str,
    priority: int = 0,
    weight: int = 1,
    cost: Mapping[str, int] | None = None,
) -> Route:
    """A new way to serve `model`. IntegrityError when it is there already."""
    route = Route.objects.create(
        model=model,
        upstream=upstream,
        name=name,
        priority=priority,
        weight=weight,
        cost=_checked(cost),
    )
    signals.announce()
    return route


@transaction.atomic
def update(
    route: Route,
    *,
    name: str,
    priority: int,
    weight: int,
    cost: Mapping[str, int] | None,
    is_active: bool,
) -> None:
    """Change a route; Calls that are under way keep the one they were given."""
    route.name, route.priority, route.weight = name, priority, weight
    route.cost, route.is_active = _checked(cost), is_active
    route.save(update_fields=["name", "priority", "weight", "cost", "is_active"])
    signals.announce()


@transaction.atomic
def remove(route: Route) -> None:
    """End a route; usage of the past keeps the upstream's name."""
    route.delete()
    signals.announce()


def _checked(cost: Mapping[str, int] | None) -> dict[str, int]:
    """Nanos per million tokens by bucket; none at all means that it is not known."""
    return check_components(cost) if cost else {}
