"""What must change so that the database says what a file says. Pure: two documents in, changes
out. What the file does not name stays as it is."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime

from relay.catalog import batches, later
from relay.catalog.changes import Action, Change, FieldChange, Kind
from relay.catalog.document import (
    ALL_MODELS,
    UNSET,
    Components,
    CustomerSpec,
    Document,
    ModelSpec,
    PlanSpec,
    RouteSpec,
    SiteSpec,
    Spec,
)


def diff(wanted: Document, stored: Document, now: datetime) -> list[Change]:
    """The changes in the order in which they can be made: what is referred to comes first."""
    changes = [
        *_rows(Kind.PLAN, wanted.plans, stored.plans),
        *_rows(Kind.UPSTREAM, wanted.upstreams, stored.upstreams),
    ]
    for model in wanted.models.values():
        changes += _model(model, stored.models.get(model.id))
    for plan in wanted.plans.values():
        changes += _adjustments(plan, stored.plans.get(plan.id))
    for site in wanted.sites.values():
        changes += _site(site, stored.sites.get(site.id))
        changes += batches.changes(site, stored.sites.get(site.id), now)
    changes += _rows(Kind.ANNOUNCEMENT, wanted.announcements, stored.announcements)
    for organization_id, by_model in wanted.contracts.items():
        before = stored.contracts.get(organization_id, {})
        for model_id, components in by_model.items():
            key = (model_id, organization_id)
            changes += _price(key, components, before.get(model_id, {}), kind=Kind.CONTRACT)
    changes += later.changes(wanted, stored)
    for customer in wanted.customers.values():
        known = CustomerSpec(id=customer.id, plan=None, budgets={})
        changes += _row(
            Kind.CUSTOMER, (customer.id,), customer, stored.customers.get(customer.id, known)
        )
    return changes


def _rows(kind: Kind, wanted: Mapping[str, Spec], stored: Mapping[str, Spec]) -> Iterator[Change]:
    for row_id, spec in wanted.items():
        yield from _row(kind, (row_id,), spec, stored.get(row_id))


def _row(kind: Kind, key: tuple[str, ...], wanted: Spec, stored: Spec | None) -> Iterator[Change]:
    changed = _changed_fields(wanted, stored)
    if stored is None:
        yield Change(kind, Action.CREATE, key, changed)
    elif changed:
        yield Change(kind, Action.UPDATE, key, changed)


def _changed_fields(wanted: Spec, stored: Spec | None) -> dict[str, FieldChange]:
    """Named fields whose value differs; identities are equal by how the two were matched."""
    changed = {}
    for field in fields(wanted):
        after = getattr(wanted, field.name)
        before = getattr(stored, field.name) if stored else UNSET
        is_identity = field.default is not UNSET
        if field.metadata or is_identity or after is UNSET or after == before:
            continue
        changed[field.name] = FieldChange(before, after)
    return changed


def _model(wanted: ModelSpec, stored: ModelSpec | None) -> Iterator[Change]:
    yield from _row(Kind.MODEL, (wanted.id,), wanted, stored)
    if wanted.price is not UNSET:
        before = stored.price if stored else UNSET
        yield from _price((wanted.id, ""), wanted.price, {} if before is UNSET else before)
    if wanted.routes is not UNSET:
        before_routes = stored.routes if stored else UNSET
        yield from _routes(
            wanted.id, wanted.routes, () if before_routes is UNSET else before_routes
        )


def _routes(
    model_id: str, wanted: tuple[RouteSpec, ...], stored: tuple[RouteSpec, ...]
) -> Iterator[Change]:
    """Routes that the file does not list end: the list is the whole set."""
    listed = {(route.upstream, route.name) for route in wanted}
    before = {(route.upstream, route.name): route for route in stored}
    for pair in before:
        if pair not in listed:
            yield Change(Kind.ROUTE, Action.DELETE, (model_id, *pair), {})
    for route in wanted:
        pair = (route.upstream, route.name)
        yield from _row(Kind.ROUTE, (model_id, *pair), route, before.get(pair))


def _site(wanted: SiteSpec, stored: SiteSpec | None) -> Iterator[Change]:
    yield from _row(Kind.SITE, (wanted.id,), wanted, stored)
    if wanted.prices is UNSET:
        return
    before = stored.prices if stored else UNSET
    for model_id, components in wanted.prices.items():
        old = {} if before is UNSET else before.get(model_id, {})
        yield from _price((model_id, wanted.id), components, old)


def _adjustments(wanted: PlanSpec, stored: PlanSpec | None) -> Iterator[Change]:
    """One change for each model, or all, whose percentage differs; none for all is 0."""
    if wanted.adjustments is UNSET:
        return
    old = UNSET if stored is None else stored.adjustments
    before: Mapping[str, int] = {ALL_MODELS: 0} | ({} if old is UNSET else dict(old))
    for model_id, adjustment_bp in wanted.adjustments.items():
        if before.get(model_id) != adjustment_bp:
            percent = FieldChange(before.get(model_id, UNSET), adjustment_bp)
            key = (wanted.id, model_id)
            yield Change(Kind.ADJUSTMENT, Action.PUBLISH, key, {"percent": percent})


def _price(
    key: tuple[str, str], wanted: Components, stored: Components, *, kind: Kind = Kind.PRICE
) -> Iterator[Change]:
    """A whole new version, whichever component differs; its fields show the ones that do."""
    if wanted == stored:
        return
    changed = {
        bucket: FieldChange(stored.get(bucket), wanted.get(bucket))
        for bucket in dict.fromkeys([*wanted, *stored])
        if stored.get(bucket) != wanted.get(bucket)
    }
    yield Change(kind, Action.PUBLISH, key, changed)
