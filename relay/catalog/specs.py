"""Sections of a catalog file → specs. What is missing or wrong is noted with its line; a spec
with problems is never applied. Reads no database."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from billing import capabilities
from relay.catalog import (
    batch_section,
    credentials,
    error_rows,
    offer_section,
    price_section,
    quirk_section,
    site_section,
    values,
)
from relay.catalog.document import (
    UNSET,
    Components,
    ModelSpec,
    PlanSpec,
    RouteSpec,
    SiteSpec,
    Unset,
    UpstreamSpec,
)
from relay.catalog.sections import Section
from relay.models.upstreams import CREDENTIALS_MAX, PAUSE_REASON_CHARS_MAX

T = TypeVar("T")
# The widths of the database columns.
TOKENS_MAX = 2**31 - 1
TOKENS_PER_MINUTE_MAX = 2**63 - 1
SMALL_MAX = 2**15 - 1


def upstream(section: Section, upstream_id: str, *, folder: Path) -> UpstreamSpec:
    """An entry of `upstreams`; the credential comes back resolved."""

    def resolve(reference: str) -> str:
        return credentials.resolve(reference, folder=folder)

    is_active = section.flag("is_active")
    return UpstreamSpec(
        id=upstream_id,
        dialect=section.text("dialect", values.dialect),
        base_url=section.text("base_url", values.base_url),
        provider=section.text("provider", values.optional_text(60)),
        is_active=is_active,
        pause_reason=_pause_reason(section, is_active),
        concurrency_max=section.limit("concurrency_max", maximum=TOKENS_MAX),
        quirks=quirk_section.read(section),
        credential=_credential(section, resolve),
    )


def _pause_reason(section: Section, is_active: bool | Unset) -> str | Unset:
    """Said of a pause only, so that resuming ends it."""
    if section.has("pause_reason") and is_active is not False:
        line = section.line_of("pause_reason")
        section.problem(line, f"{section.at('pause_reason')}: needs is_active: false beside it")
    return section.text("pause_reason", values.optional_text(PAUSE_REASON_CHARS_MAX))


def _credential(section: Section, resolve: Callable[[str], str]) -> tuple[str, ...] | Unset:
    """One credential, or a list of those that take turns."""
    if not section.is_list("credential"):
        single = section.text("credential", resolve)
        return single if single is UNSET else (single,)
    listed = section.secrets("credential", resolve)
    if not 1 <= len(listed) <= CREDENTIALS_MAX:
        message = f"expected 1 to {CREDENTIALS_MAX} credentials"
        section.problem(section.line_of("credential"), f"{section.at('credential')}: {message}")
    return listed


def model(section: Section, model_id: str) -> ModelSpec:
    """An entry of `models`."""
    return ModelSpec(
        id=model_id,
        name=section.text("name", values.optional_text(200)),
        owned_by=section.text("owned_by", values.optional_text(100)),
        context_tokens=section.integer("context_tokens", minimum=1, maximum=TOKENS_MAX),
        max_output_tokens=section.integer("max_output_tokens", minimum=1, maximum=TOKENS_MAX),
        is_active=section.flag("is_active"),
        aliases=section.texts("aliases", values.model_id),
        capabilities=_capabilities(section),
        retires_at=_unless_null(section, "retires_at", values.instant),
        successor=_unless_null(section, "successor", values.model_id),
        price=price_section.read(section, "price"),
        routes=_routes(section, model_id),
    )


def plan(section: Section, plan_id: str) -> PlanSpec:
    """An entry of `plans`."""
    return PlanSpec(
        id=plan_id,
        requests_per_minute=section.limit("requests_per_minute", maximum=TOKENS_MAX),
        tokens_per_minute=section.limit("tokens_per_minute", maximum=TOKENS_PER_MINUTE_MAX),
        concurrency=section.limit("concurrency", maximum=TOKENS_MAX),
        adjustments=_adjustments(section),
    )


def site(section: Section, site_id: str, *, folder: Path) -> SiteSpec:
    """An entry of `sites`; a logo comes back encoded."""
    return SiteSpec(
        id=site_id,
        **site_section.read(section, folder=folder),
        name=section.text("name", values.text(100)),
        domains=section.texts("domains", values.domain),
        currency=section.text("currency", values.currency),
        language=section.text("language", values.language),
        time_zone=section.text("time_zone", values.time_zone),
        preset=section.text("preset", values.preset),
        no_credit_status=_no_credit_status(section),
        error_overrides=error_rows.read(section),
        cors_origins=_cors_origins(section),
        support_contact=section.text("support_contact", values.optional_text(200)),
        is_active=section.flag("is_active"),
        plan=section.text("plan", values.slug),
        models=_offered(section),
        aliases=_aliases(section),
        offers=offer_section.read(section),
        prices=_site_prices(section),
        redeem_batches=batch_section.read(section),
    )


def _capabilities(section: Section) -> tuple[str, ...] | Unset:
    """In one order, so that a file and the database compare."""
    listed = section.texts("capabilities", values.capability)
    return listed if listed is UNSET else tuple(capabilities.known(listed))


def _unless_null(section: Section, name: str, parse: Callable[[str], T]) -> T | Unset | None:
    return None if section.is_null(name) else section.text(name, parse)


def _no_credit_status(section: Section) -> int | Unset | None:
    if section.is_null("no_credit_status"):
        return None
    return section.number("no_credit_status", values.no_credit_status)


def _cors_origins(section: Section) -> tuple[str, ...] | Unset | None:
    if section.is_null("cors_origins"):
        return None
    return section.texts("cors_origins", values.origin)


def _routes(section: Section, model_id: str) -> tuple[RouteSpec, ...] | Unset:
    if not section.has("routes"):
        return UNSET
    routes: dict[tuple[str, str], RouteSpec] = {}
    for item in section.sections("routes"):
        route = _route(item, model_id)
        item.finish()
        key = (route.upstream, route.name)
        if key in routes:
            item.problem(item.line, f"{item.path}: a second route to {key[0]} as {key[1]}")
        routes[key] = route
    return tuple(routes.values())


def _route(section: Section, model_id: str) -> RouteSpec:
    upstream_id = section.text("upstream", values.slug, is_required=True)
    name = section.text("name", values.text(200))
    return RouteSpec(
        upstream="" if upstream_id is UNSET else upstream_id,
        # Most models are sold under the vendor's own id.
        name=model_id if name is UNSET else name,
        priority=section.integer("priority", minimum=0, maximum=SMALL_MAX),
        weight=section.integer("weight", minimum=0, maximum=SMALL_MAX),
        cost=price_section.read(section, "cost", may_be_empty=True),
        is_active=section.flag("is_active"),
    )


def _offered(section: Section) -> Literal["all"] | tuple[str, ...] | Unset:
    if section.is_list("models") or not section.has("models"):
        listed = section.texts("models", values.model_id)
        return listed if listed is UNSET else tuple(sorted(listed))
    return section.text("models", values.the_word_all)


def _aliases(section: Section) -> dict[str, str] | Unset:
    listed = section.section("aliases")
    if listed is None:
        return UNSET
    found = {}
    for alias in listed.names():
        try:
            values.model_id(alias)
        except ValueError as error:
            listed.problem(listed.line_of(alias), f"{listed.at(alias)}: {error}")
        model_id = listed.text(alias, values.model_id)
        if model_id is not UNSET:
            found[alias] = model_id
    return found


def _site_prices(section: Section) -> dict[str, Components] | Unset:
    prices = section.section("prices")
    if prices is None:
        return UNSET
    return _prices_by_model(prices)


def contract(section: Section) -> dict[str, Components]:
    """An organization's entry of `contracts`: its prices by model."""
    return _prices_by_model(section)


def _prices_by_model(section: Section) -> dict[str, Components]:
    """No components end a price of their own."""
    found: dict[str, Components] = {}
    for model_id in section.names():
        components = price_section.read(section, model_id, may_be_empty=True)
        if components is not UNSET:
            found[model_id] = components
    return found


def _adjustments(section: Section) -> dict[str, int] | Unset:
    listed = section.section("adjustments")
    if listed is None:
        return UNSET
    found = {name: listed.text(name, values.adjustment) for name in listed.names()}
    return {name: bp for name, bp in found.items() if bp is not UNSET}
