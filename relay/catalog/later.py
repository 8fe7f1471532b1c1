"""Versions that begin later, of prices, costs and plans' adjustments: as the database has them, and
what a file changes of them. One that would change nothing when it begins is not published."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

from accounts import audit
from accounts.models import Organization, Site
from billing import adjustments, prices
from billing.cancelling import CANCEL_LEAD_S
from billing.models import Model, Plan, PlanAdjustment, Price
from billing.models.versions import Version
from relay import costs
from relay.catalog.changes import Action, Change, FieldChange, Kind
from relay.catalog.document import (
    ALL_MODELS,
    UNSET,
    AdjustmentKey,
    Components,
    CostKey,
    Document,
    Later,
    LaterKey,
    PriceKey,
)
from relay.costs import RouteKey
from relay.models import Cost, Route


class Stored(NamedTuple):
    """Every version that begins later, in the order in which they begin."""

    prices: dict[PriceKey, Components | None]
    costs: dict[CostKey, Components | None]
    adjustments: dict[AdjustmentKey, int | None]


def stored(now: datetime) -> Stored:
    """All that begin after `now`; costs of routes that are there. Four queries."""
    routes = {costs.key_of(route) for route in Route.objects.all()}
    return Stored(
        prices={
            PriceKey(row.model_id, row.site_id or "", row.organization_id or "", _begins(row)): (
                row.components
            )
            for row in _upcoming(Price, now)
        },
        costs={
            CostKey(row.model, row.upstream, row.name, _begins(row)): row.components
            for row in _upcoming(Cost, now)
            if RouteKey(row.model, row.upstream, row.name) in routes
        },
        adjustments={
            AdjustmentKey(row.plan_id, row.model_id or ALL_MODELS, _begins(row)): row.adjustment_bp
            for row in _upcoming(PlanAdjustment, now)
        },
    )


def begun(wanted: Document, now: datetime) -> frozenset[LaterKey]:
    """Of the versions that a file takes back, those that are in force or were."""
    past = (
        (kind, key)
        for kind, key, value in _all(wanted)
        if value is None and datetime.fromisoformat(key.begins) <= now
    )
    return frozenset(key for _kind, key in past if _find(key) is not None)


def changes(wanted: Document, known: Document) -> Iterator[Change]:
    """In the order in which they begin: a version is compared with the one before it."""
    for kind, key, value in sorted(_all(wanted), key=lambda row: row[1].begins):
        is_known = key in _of(known, kind)
        if value is None and is_known:
            yield Change(kind, Action.CANCEL, key, {})
        elif value is not None and not is_known and value != _before(kind, key, wanted, known):
            said = value if isinstance(value, Mapping) else {"percent": value}
            fields = {name: FieldChange(UNSET, each) for name, each in said.items()}
            yield Change(kind, Action.PUBLISH, key, fields)


def problems(wanted: Document, known: Document, now: datetime) -> Iterator[tuple[str, str]]:
    """Why a file cannot have its versions so: the path of each, the reason."""
    for kind, key, value in _all(wanted):
        begins = datetime.fromisoformat(key.begins)
        is_known = key in _of(known, kind)
        message = ""
        if value is None and key in known.begun:
            message = "it has begun: publish another one instead"
        elif value is None and is_known and begins < now + timedelta(seconds=CANCEL_LEAD_S):
            message = "it is about to begin: publish another one instead"
        elif value is not None and begins <= now:
            message = "it would have begun already: say it as what counts now"
        elif value is not None and is_known and _of(known, kind)[key] != value:
            message = "another version begins then: cancel it first (cancelled: true)"
        if message:
            yield f"{kind}s.{key.path}", message


def write(change: Change, document: Document, by: audit.Actor) -> None:
    """Make the change. Taking one back leaves its own record, publishing leaves none."""
    key = cast(LaterKey, change.key)
    if change.action is Action.CANCEL:
        _cancel(key, by)
        return
    value: Any = _of(document, change.kind)[key]
    begins = datetime.fromisoformat(key.begins)
    if isinstance(key, PriceKey):
        prices.publish(**_scope(key), components=value, effective_from=begins)
    elif isinstance(key, CostKey):
        costs.publish(RouteKey(*key[:-1]), value, effective_from=begins)
    else:
        plan, model = Plan.objects.get(pk=key.plan), _adjusted(key)
        adjustments.publish(plan, model=model, adjustment_bp=value, effective_from=begins)


def _cancel(key: LaterKey, by: audit.Actor) -> None:
    row = _find(key)
    if isinstance(row, Price):
        prices.cancel(row, by=by)
    elif isinstance(row, Cost):
        costs.cancel(row, by=by)
    elif isinstance(row, PlanAdjustment):
        adjustments.cancel(row, by=by)


def _find(key: LaterKey) -> Version | None:
    """The version that begins, or began, then."""
    at = {"effective_from": datetime.fromisoformat(key.begins)}
    if isinstance(key, PriceKey):
        scope = {"site": key.site or None, "organization": key.organization or None}
        return Price.objects.filter(model=key.model, **scope, **at).first()
    if isinstance(key, CostKey):
        return Cost.objects.filter(**RouteKey(*key[:-1])._asdict(), **at).first()
    model = None if key.model == ALL_MODELS else key.model
    return PlanAdjustment.objects.filter(plan=key.plan, model=model, **at).first()


def _before(kind: Kind, key: LaterKey, wanted: Document, known: Document) -> Later:
    """What counts right before a version begins, once the file is applied."""
    planned: dict[Any, Later] = {**_of(known, kind), **_of(wanted, kind)}
    earlier = [
        each
        for each, value in planned.items()
        if each[:-1] == key[:-1] and each.begins < key.begins and value is not None
    ]
    if earlier:
        return planned[max(earlier, key=lambda each: each.begins)]
    for document in (wanted, known):
        if (now := _now(key, document)) is not None:
            return now
    if isinstance(key, AdjustmentKey):
        return 0 if key.model == ALL_MODELS else None
    return {}


def _now(key: LaterKey, document: Document) -> Later:
    """What a document says of now; None where it is silent."""
    if isinstance(key, PriceKey):
        return _price_now(key, document)
    if isinstance(key, CostKey):
        return _cost_now(key, document)
    plan = document.plans.get(key.plan)
    return None if plan is None or plan.adjustments is UNSET else plan.adjustments.get(key.model)


def _price_now(key: PriceKey, document: Document) -> Components | None:
    if key.organization:
        return document.contracts.get(key.organization, {}).get(key.model)
    if key.site:
        site = document.sites.get(key.site)
        return None if site is None or site.prices is UNSET else site.prices.get(key.model)
    model = document.models.get(key.model)
    return None if model is None or model.price is UNSET else model.price


def _cost_now(key: CostKey, document: Document) -> Components | None:
    model = document.models.get(key.model)
    for route in () if model is None or model.routes is UNSET else model.routes:
        if (route.upstream, route.name) == (key.upstream, key.name) and route.cost is not UNSET:
            return route.cost
    return None


def _scope(key: PriceKey) -> dict[str, Any]:
    """As `prices.publish` takes it."""
    return {
        "model": Model.objects.get(pk=key.model),
        "site": Site.objects.get(pk=key.site) if key.site else None,
        "organization": Organization.objects.get(pk=key.organization) if key.organization else None,
    }


def _adjusted(key: AdjustmentKey) -> Model | None:
    return None if key.model == ALL_MODELS else Model.objects.get(pk=key.model)


def _of(document: Document, kind: Kind) -> Mapping[Any, Any]:
    """The versions of one kind."""
    found: dict[Kind, Mapping[Any, Any]] = {
        Kind.SCHEDULED_PRICE: document.scheduled_prices,
        Kind.SCHEDULED_COST: document.scheduled_costs,
        Kind.SCHEDULED_ADJUSTMENT: document.scheduled_adjustments,
    }
    return found[kind]


def _all(document: Document) -> Iterator[tuple[Kind, LaterKey, Later]]:
    for kind in (Kind.SCHEDULED_PRICE, Kind.SCHEDULED_COST, Kind.SCHEDULED_ADJUSTMENT):
        for key, value in _of(document, kind).items():
            yield kind, key, value


def _upcoming(table: type[Any], now: datetime) -> Any:
    return table.objects.filter(effective_from__gt=now).order_by("effective_from", "pk")


def _begins(row: Version) -> str:
    return row.effective_from.astimezone(UTC).isoformat()
