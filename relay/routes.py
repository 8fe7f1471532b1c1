"""Routes as staff manage them: add, change, remove. Each act is one transaction, and the relays
hear of it after commit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from billing.models import Model
from relay import costs, signals
from relay.models import Route, Upstream

ORDER = ("priority", "weight", "is_active")
FIELDS = ("upstream_id", "name", "priority", "weight", "is_active")


@transaction.atomic
def add(
    model: Model,
    upstream: Upstream,
    *,
    name: str,
    priority: int = 0,
    weight: int = 1,
    cost: Mapping[str, Any] | None = None,
    cost_from: datetime | None = None,
    is_active: bool = True,
    by: audit.Actor,
) -> Route:
    """A new way to serve `model`; its cost counts from now on, or from a later instant.

    IntegrityError when it is there already, PriceError as `costs.publish`.
    """
    route = Route.objects.create(
        model=model,
        upstream=upstream,
        name=name,
        priority=priority,
        weight=weight,
        is_active=is_active,
    )
    _, published = _publish_cost(route, cost, cost_from, by)
    audit.record(by, "route.add", model, after=audit.fields_of(route, *FIELDS) | published)
    signals.announce()
    return route


@transaction.atomic
def update(
    route: Route,
    *,
    name: str,
    priority: int,
    weight: int,
    cost: Mapping[str, Any] | None,
    cost_from: datetime | None = None,
    is_active: bool,
    by: audit.Actor,
) -> None:
    """Change a route; Calls that are under way keep the one they were given.

    What the cost says counts from now on, or from a later instant. PriceError as `costs.publish`.
    """
    before = audit.fields_of(route, *FIELDS)
    route.name, route.priority, route.weight = name, priority, weight
    route.is_active = is_active
    route.save(update_fields=["name", "priority", "weight", "is_active"])
    replaced, published = _publish_cost(route, cost, cost_from, by)
    before, after = before | replaced, audit.fields_of(route, *FIELDS) | published
    if after != before:
        audit.record(by, "route.change", route.model, before=before, after=after)
    signals.announce()


@transaction.atomic
def reorder(model: Model, wanted: Mapping[int, Mapping[str, Any]], *, by: audit.Actor) -> bool:
    """Give routes of a model, by id, another `priority`, `weight` or `is_active`; whether that
    changed anything. One row on the trail for all of them. Ids of other models are left out."""
    rows = list(Route.objects.select_for_update().filter(model=model, pk__in=list(wanted)))
    before = {_name(row): audit.fields_of(row, *ORDER) for row in rows}
    for row in rows:
        for name in ORDER:
            setattr(row, name, wanted[row.pk][name])
    after = {_name(row): audit.fields_of(row, *ORDER) for row in rows}
    if after == before:
        return False
    Route.objects.bulk_update(rows, ORDER)
    audit.record(by, "route.reorder", model, before=before, after=after)
    signals.announce()
    return True


@transaction.atomic
def remove(route: Route, *, by: audit.Actor) -> None:
    """End a route; usage of the past keeps the upstream's name."""
    audit.record(by, "route.remove", route.model, before=_fields(route))
    route.delete()
    signals.announce()


def _publish_cost(
    route: Route, cost: Mapping[str, Any] | None, start: datetime | None, by: audit.Actor
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the route's audit record says of its cost, before and after; nothing where no version
    was published, also not one that is scheduled."""
    key = costs.key_of(route)
    old = costs.latest(key, start or timezone.now())
    row = costs.publish(key, cost or {}, effective_from=start, by=by)
    if row is None or row == old:
        return {}, {}
    before: dict[str, Any] = {"cost": old.components if old else {}}
    after: dict[str, Any] = {"cost": row.components, "cost_from": row.effective_from.isoformat()}
    return before, after


def _name(route: Route) -> str:
    """As the trail names it."""
    return f"{route.upstream_id}/{route.name}"


def _fields(route: Route) -> dict[str, Any]:
    """The route with its cost in force, in nanos."""
    return audit.fields_of(route, *FIELDS) | {"cost": costs.components_of(route)}
