"""A `Document` → the text of a catalog file. Writes no credential: applying the file to the same
deployment keeps what is stored there."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import yaml

from accounts.images import Logo
from accounts.models.sites import LANGUAGES
from billing.money import format_nanos
from billing.percent import format_percent
from relay.catalog import batch_section, batches, later_section, price_section, site_section
from relay.catalog.document import (
    UNSET,
    AnnouncementSpec,
    Components,
    CustomerSpec,
    Document,
    ModelSpec,
    PlanSpec,
    RouteSpec,
    SiteSpec,
    Unset,
    UpstreamSpec,
)

HEADER = """\
# What this deployment sells. `manage.py catalog apply FILE` makes it so; what is not named here
# is left alone. Credentials are never exported: add `credential: env:NAME` where one is needed.
"""
K = TypeVar("K")
V = TypeVar("V")
LINE_CHARS_MAX = 100
LIMITS = ("requests_per_minute", "tokens_per_minute", "concurrency")
# What a new row gets anyway goes without saying; a pause is worth a line.
DEFAULTS: Mapping[str, object] = {
    "is_active": True,
    "name": "",
    "owned_by": "",
    "provider": "",
    "pause_reason": "",
    "support_contact": "",
    "no_credit_status": None,
    "cors_origins": None,
    "concurrency_max": None,
    "successor": None,
    "quirks": {},
    "languages": tuple(code for code, _name in LANGUAGES),
    "sign_up": "open",
    "accent": "",
    "accent_dark": "",
    "legal": {},
    "footer": {},
    "sender_name": "",
    "sender_address": "",
}


def export(document: Document) -> str:
    """The file; applying it to where it came from changes nothing."""
    content = {
        "upstreams": [_upstream(spec) for spec in document.upstreams.values()],
        "models": [_model(spec) for spec in document.models.values()],
        "plans": [_plan(spec) for spec in document.plans.values()],
        "sites": [_site(spec) for spec in document.sites.values()],
        "announcements": [_announcement(spec) for spec in document.announcements.values()],
        "contracts": {
            organization_id: _prices(by_model)
            for organization_id, by_model in document.contracts.items()
        },
        "scheduled_prices": _rows(later_section.write_price, document.scheduled_prices),
        "scheduled_costs": _rows(later_section.write_cost, document.scheduled_costs),
        "scheduled_adjustments": _rows(
            later_section.write_adjustment, document.scheduled_adjustments
        ),
        "customers": {spec.id: _customer(spec) for spec in document.customers.values()},
    }
    # Flow style for the innermost mappings: a route or a price is one line.
    return HEADER + yaml.safe_dump(
        {name: rows for name, rows in content.items() if rows},
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=LINE_CHARS_MAX,
    )


def _fields(spec: object, names: tuple[str, ...]) -> dict[str, Any]:
    """The named fields that are set and say something."""
    values = {name: getattr(spec, name) for name in names}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value is not UNSET and value != DEFAULTS.get(name, UNSET) and not _is_bare(name, value)
    }


def _is_bare(name: str, value: object) -> bool:
    return name in ("aliases", "capabilities", "offers") and not value


def _upstream(spec: UpstreamSpec) -> dict[str, Any]:
    names = ("id", "dialect", "base_url", "provider", "is_active", "pause_reason")
    return _fields(spec, (*names, "concurrency_max", "quirks"))


def _model(spec: ModelSpec) -> dict[str, Any]:
    names = ("id", "name", "owned_by", "context_tokens", "max_output_tokens", "is_active")
    row = _fields(spec, (*names, "aliases", "capabilities", "successor"))
    if isinstance(spec.retires_at, datetime):
        row["retires_at"] = spec.retires_at.isoformat()
    if spec.price is not UNSET:
        row["price"] = price_section.write(spec.price)
    row["routes"] = [_route(route) for route in _or_empty(spec.routes)]
    return row


def _route(spec: RouteSpec) -> dict[str, Any]:
    row = _fields(spec, ("upstream", "name", "priority", "weight", "is_active"))
    if spec.cost is not UNSET and spec.cost:
        row["cost"] = price_section.write(spec.cost)
    return row


def _plan(spec: PlanSpec) -> dict[str, Any]:
    row = _fields(spec, ("id", *LIMITS))
    if spec.adjustments is not UNSET and spec.adjustments:
        row["adjustments"] = {name: format_percent(bp) for name, bp in spec.adjustments.items()}
    return row


def _prices(by_model: Mapping[str, Components]) -> dict[str, Any]:
    return {model_id: price_section.write(price) for model_id, price in by_model.items()}


def _site(spec: SiteSpec) -> dict[str, Any]:
    names = (
        *("id", "name", "domains", "currency", "language", "time_zone", "preset"),
        *("no_credit_status", "cors_origins", "support_contact", "is_active", "plan", "models"),
        *("languages", "sign_up", "accent", "accent_dark", "legal", "footer"),
        *("sender_name", "sender_address", "aliases", "offers"),
    )
    row = _fields(spec, names)
    if spec.trial_credit is not UNSET and spec.trial_credit:
        row["trial_credit"] = format_nanos(spec.trial_credit)
    if isinstance(spec.logo, Logo):
        row["logo"] = site_section.data_uri(spec.logo)
    if spec.error_overrides is not UNSET and spec.error_overrides:
        row["errors"] = {cause: dict(given) for cause, given in spec.error_overrides.items()}
    if spec.prices is not UNSET and spec.prices:
        row["prices"] = _prices(spec.prices)
    if listed := batches.of_site(spec):
        row["redeem_batches"] = [batch_section.write(batch) for batch in listed.values()]
    return row


def _announcement(spec: AnnouncementSpec) -> dict[str, Any]:
    row = _fields(spec, ("id", "kind", "state", "title", "body"))
    if spec.site is not None and spec.site is not UNSET:
        row["site"] = spec.site
    if spec.model_ids is not UNSET and spec.model_ids:
        row["models"] = list(spec.model_ids)
    for name, at in (("starts_at", spec.starts_at), ("ends_at", spec.ends_at)):
        if isinstance(at, datetime):
            row[name] = at.isoformat()
    return row


def _customer(spec: CustomerSpec) -> dict[str, Any]:
    row: dict[str, Any] = {} if spec.plan is UNSET else {"plan": spec.plan}
    if spec.budgets is not UNSET:
        row["budgets"] = {period: format_nanos(nanos) for period, nanos in spec.budgets.items()}
    return row


def _rows(
    write: Callable[[K, V], dict[str, Any]], scheduled: Mapping[K, V]
) -> list[dict[str, Any]]:
    return [write(key, value) for key, value in scheduled.items()]


def _or_empty(routes: tuple[RouteSpec, ...] | Unset) -> tuple[RouteSpec, ...]:
    return () if routes is UNSET else routes
