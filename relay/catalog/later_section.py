"""Versions of a file that begin later, of prices, costs and plans' adjustments, and those that it
takes back. Reads no database.

    scheduled_prices:
      - {model: gpt-4o, site: acme, from: "2027-01-01T00:00:00Z", price: {input: "2", output: "8"}}
      - {model: gpt-4o, from: "2027-03-01T00:00:00Z", cancelled: true}
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from billing.percent import format_percent
from relay.catalog import price_section, values
from relay.catalog.document import (
    ALL_MODELS,
    UNSET,
    AdjustmentKey,
    Components,
    CostKey,
    LaterKey,
    PriceKey,
    Unset,
)
from relay.catalog.sections import Section

ORGANIZATION_ID_CHARS_MAX = 40  # the column's
K = TypeVar("K", bound=LaterKey)
T = TypeVar("T")


def read_prices(top: Section) -> dict[PriceKey, Components | None]:
    """The entries of `scheduled_prices`; None takes one back."""
    found = _entries(top, "scheduled_prices", _price_key, "price", _components)
    for key, components in found.items():
        path = f"scheduled_prices.{key.path}"
        line = top.line_below(path)
        if key.site and key.organization:
            top.problem(line, f"{path}: for a site or an organization, not both")
        if components == {} and not key.site and not key.organization:
            top.problem(line, f"{path}: the default price can only be replaced")
    return found


def read_costs(top: Section) -> dict[CostKey, Components | None]:
    """The entries of `scheduled_costs`; no components: from then on it is not known."""
    return _entries(top, "scheduled_costs", _cost_key, "cost", _components)


def read_adjustments(top: Section) -> dict[AdjustmentKey, int | None]:
    """The entries of `scheduled_adjustments`, in basis points."""
    return _entries(top, "scheduled_adjustments", _adjustment_key, "percent", _percent)


def write_price(key: PriceKey, price: Components | None) -> dict[str, Any]:
    """What `read_prices` reads as this version; so the two below."""
    scope = {"site": key.site, "organization": key.organization}
    named = {name: each for name, each in scope.items() if each}
    return {"model": key.model} | named | _said(key, "price", price_section.write, price)


def write_cost(key: CostKey, cost: Components | None) -> dict[str, Any]:
    route = {"model": key.model, "upstream": key.upstream, "name": key.name}
    return route | _said(key, "cost", price_section.write, cost)


def write_adjustment(key: AdjustmentKey, basis_points: int | None) -> dict[str, Any]:
    scope = {"plan": key.plan} | ({} if key.model == ALL_MODELS else {"model": key.model})
    return scope | _said(key, "percent", format_percent, basis_points)


def _said(key: LaterKey, name: str, write: Callable[[T], Any], value: T | None) -> dict[str, Any]:
    said = {"cancelled": True} if value is None else {name: write(value)}
    return {"from": key.begins} | said


def _entries(
    top: Section,
    kind: str,
    key_of: Callable[[Section], K | None],
    name: str,
    read: Callable[[Section, str], T | Unset],
) -> dict[K, T | None]:
    """By key, so that the lines are found under `KIND.KEY`."""
    found: dict[K, T | None] = {}
    for section in top.sections(kind):
        key = key_of(section)
        value = _value(section, name, read)
        section.finish()
        if key is None or value is UNSET:
            continue
        section.rename(f"{kind}.{key.path}")
        if key in found:
            section.problem(section.line, f"{section.path}: there twice")
        found[key] = value
    return found


def _value(
    section: Section, name: str, read: Callable[[Section, str], T | Unset]
) -> T | Unset | None:
    """None where it is taken back; `cancelled: false` says nothing."""
    is_cancelled = section.flag("cancelled") is True
    value = read(section, name)
    if is_cancelled and section.has(name):
        section.problem(section.line, f"{section.at(name)}: either this or cancelled: true")
    elif not is_cancelled and not section.has(name):
        section.problem(section.line, f"{section.at(name)}: missing")
    return None if is_cancelled else value


def _components(section: Section, name: str) -> Components | Unset:
    return price_section.read(section, name, may_be_empty=True)


def _percent(section: Section, name: str) -> int | Unset:
    return section.text(name, values.adjustment)


def _price_key(section: Section) -> PriceKey | None:
    model = section.text("model", values.model_id, is_required=True)
    site = section.text("site", values.slug)
    organization = section.text("organization", values.text(ORGANIZATION_ID_CHARS_MAX))
    begins = _begins(section)
    if model is UNSET or begins is None:
        return None
    of_site, of_customer = ("" if each is UNSET else each for each in (site, organization))
    return PriceKey(model, of_site, of_customer, begins)


def _cost_key(section: Section) -> CostKey | None:
    model = section.text("model", values.model_id, is_required=True)
    upstream = section.text("upstream", values.slug, is_required=True)
    name = section.text("name", values.text(200))
    begins = _begins(section)
    if model is UNSET or upstream is UNSET or begins is None:
        return None
    # As a route's: most models are sold under the vendor's own id.
    return CostKey(model, upstream, model if name is UNSET else name, begins)


def _adjustment_key(section: Section) -> AdjustmentKey | None:
    plan = section.text("plan", values.slug, is_required=True)
    model = section.text("model", values.model_id)
    begins = _begins(section)
    if plan is UNSET or begins is None:
        return None
    return AdjustmentKey(plan, ALL_MODELS if model is UNSET else model, begins)


def _begins(section: Section) -> str | None:
    at = section.text("from", values.instant, is_required=True)
    return at.isoformat() if isinstance(at, datetime) else None
