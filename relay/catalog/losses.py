"""Prices of a file that are below what some route in use costs once the file is applied. Pure."""

from collections.abc import Mapping, Sequence

from billing.price_versions import PriceVersion, check_components
from relay import below_cost
from relay.catalog.changes import Action, Change, Kind
from relay.catalog.document import UNSET, Components, Document, PriceKey, RouteSpec, Unset
from relay.catalog.problems import Problems


def find(changes: Sequence[Change], wanted: Document, known: Document) -> dict[str, list[str]]:
    """The kinds of use below cost, by the path of each price that would be published."""
    found = {}
    for change in changes:
        path, model_id, components = _published(change, wanted)
        if components:
            price = PriceVersion(0, check_components(components))
            if losses := below_cost.words(price, _costs(model_id, wanted, known)):
                found[path] = losses
    return found


def refuse(found: Mapping[str, list[str]], wanted: Document, *, file: str) -> None:
    """Raise `CatalogRefused` with the line of each price below cost."""
    problems = Problems(file)
    for path, losses in found.items():
        line = wanted.lines.get(path, 1)
        problems.add(line, f"{path}: below cost: {', '.join(losses)}")
    problems.refuse()


def _published(change: Change, wanted: Document) -> tuple[str, str, Components | None]:
    """Where the file says it, the model, and the whole price; none for other changes."""
    if change.action is Action.PUBLISH and isinstance(change.key, PriceKey):
        path = f"scheduled_prices.{change.key.path}"
        return path, change.key.model, wanted.scheduled_prices[change.key]
    if change.kind is Kind.PRICE or change.kind is Kind.CONTRACT:
        model_id, owner = change.key
        return _path(change), model_id, published(change.kind, model_id, owner, wanted)
    return "", "", None


def published(kind: Kind, model_id: str, owner: str, wanted: Document) -> Components:
    """The whole version that a file publishes; `owner` is a site, an organization or nobody."""
    if kind is Kind.CONTRACT:
        return wanted.contracts[owner][model_id]
    price: Components | Unset
    if owner:
        own = wanted.sites[owner].prices
        price = UNSET if own is UNSET else own[model_id]
    else:
        price = wanted.models[model_id].price
    return {} if price is UNSET else price


def _path(change: Change) -> str:
    model_id, owner = change.key
    if change.kind is Kind.CONTRACT:
        return f"contracts.{owner}.{model_id}"
    return f"sites.{owner}.prices.{model_id}" if owner else f"models.{model_id}.price"


def _costs(model_id: str, wanted: Document, known: Document) -> list[PriceVersion]:
    """What the model's routes in use cost, where that is known."""
    before = {(route.upstream, route.name): route for route in _routes(model_id, known) or ()}
    routes = _routes(model_id, wanted)
    found = []
    for route in before.values() if routes is None else routes:
        old = before.get((route.upstream, route.name), RouteSpec(upstream="", name=""))
        cost = old.cost if route.cost is UNSET else route.cost
        is_active = old.is_active if route.is_active is UNSET else route.is_active
        if is_active is not False and cost is not UNSET and cost:
            found.append(PriceVersion(0, check_components(cost)))
    return found


def _routes(model_id: str, document: Document) -> tuple[RouteSpec, ...] | None:
    model = document.models.get(model_id)
    return None if model is None or model.routes is UNSET else model.routes
