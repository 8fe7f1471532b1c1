"""The catalog as the database has it, as a `Document`. Reads only; a fixed number of queries."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from accounts.images import Logo, Picture
from accounts.models import Announcement, Organization, Site
from billing import adjustments, capabilities
from billing.models import Model, OrganizationBudget, OrganizationPlan, Plan, Price, SiteTerms
from relay import costs
from relay.catalog import batches, later, offer_section
from relay.catalog.document import (
    ALL_MODELS,
    UNSET,
    AnnouncementSpec,
    Components,
    CustomerSpec,
    Document,
    ModelSpec,
    PlanSpec,
    RedeemBatchSpec,
    RouteSpec,
    SiteSpec,
    Unset,
    UpstreamSpec,
)
from relay.costs import RouteKey, key_of
from relay.models import Cost, Route, Upstream


def read(now: datetime, *, organizations: Collection[str] = ()) -> Document:
    """Everything, with the prices in force at `now` and the credentials in the clear; which of
    `organizations` exist."""
    in_force = _prices(now)
    adjusted = _adjustments(now)
    models = Model.objects.prefetch_related("routes", "aliases").order_by("id")
    known_costs = costs.in_force(now)
    codes = batches.stored()
    upcoming = later.stored(now)
    sites = Site.objects.select_related("terms").prefetch_related(
        "domains", "terms__models", "model_aliases", "images", "texts", "site_models"
    )
    customers = Organization.objects.order_by("site_id")
    return Document(
        upstreams={row.id: _upstream(row) for row in Upstream.objects.order_by("id")},
        models={
            row.id: _model(row, in_force.defaults.get(row.id, UNSET), known_costs) for row in models
        },
        plans={row.id: _plan(row, adjusted.get(row.id, {})) for row in Plan.objects.order_by("id")},
        sites={
            row.id: _site(row, in_force.by_site.get(row.id, {}), codes.get(row.id, {}))
            for row in sites.order_by("id")
        },
        announcements={
            row.pk: _announcement(row) for row in Announcement.objects.order_by("starts_at", "pk")
        },
        contracts=dict(sorted(in_force.contracts.items())),
        scheduled_prices=upcoming.prices,
        scheduled_costs=upcoming.costs,
        scheduled_adjustments=upcoming.adjustments,
        customers=_customers(),
        organizations=frozenset(
            customers.filter(pk__in=list(organizations)).values_list("pk", flat=True)
        ),
        sites_in_use=frozenset(customers.values_list("site_id", flat=True).distinct()),
    )


@dataclass(slots=True)
class _InForce:
    """Components by model: every site's default, each site's own, each contract's."""

    defaults: dict[str, Components] = field(default_factory=dict)
    by_site: dict[str, dict[str, Components]] = field(default_factory=dict)
    contracts: dict[str, dict[str, Components]] = field(default_factory=dict)


def _prices(now: datetime) -> _InForce:
    found = _InForce()
    rows = (
        Price.objects.filter(effective_from__lte=now)
        .order_by("model_id", "site_id", "organization_id", "-effective_from")
        .distinct("model_id", "site_id", "organization_id")
    )
    for row in rows:
        if not row.components:
            continue  # it ended the site's own price, or the contract
        if row.organization_id is not None:
            found.contracts.setdefault(row.organization_id, {})[row.model_id] = row.components
        elif row.site_id is not None:
            found.by_site.setdefault(row.site_id, {})[row.model_id] = row.components
        else:
            found.defaults[row.model_id] = row.components
    return found


def _customers() -> dict[str, CustomerSpec]:
    """Those with a plan or a budget of their own."""
    chosen = dict(OrganizationPlan.objects.values_list("organization_id", "plan_id"))
    budgets: dict[str, dict[str, int]] = {}
    for row in OrganizationBudget.objects.order_by("period"):
        budgets.setdefault(row.organization_id, {})[row.period] = row.limit_nanos
    return {
        each: CustomerSpec(id=each, plan=chosen.get(each), budgets=budgets.get(each, {}))
        for each in sorted({*chosen, *budgets})
    }


def _adjustments(now: datetime) -> dict[str, dict[str, int]]:
    """Basis points by plan, then model or all; what adjusts nothing anyway is left out."""
    found: dict[str, dict[str, int]] = {}
    known = adjustments.all_in_force(now)
    for (plan_id, model_id), adjustment_bp in sorted(
        known.items(), key=lambda row: (row[0][0], row[0][1] or "")
    ):
        if model_id is not None or adjustment_bp:
            found.setdefault(plan_id, {})[model_id or ALL_MODELS] = adjustment_bp
    return found


def _upstream(row: Upstream) -> UpstreamSpec:
    return UpstreamSpec(
        id=row.id,
        dialect=row.dialect,
        base_url=row.base_url,
        provider=row.provider,
        is_active=row.is_active,
        pause_reason=row.pause_reason,
        concurrency_max=row.concurrency_max,
        quirks=row.quirks,
        credential=tuple(secret for _, secret in row.secrets()),
    )


def _model(
    row: Model, price: Components | Unset, known_costs: Mapping[RouteKey, Cost]
) -> ModelSpec:
    return ModelSpec(
        id=row.id,
        name=row.name,
        owned_by=row.owned_by,
        context_tokens=row.context_tokens,
        max_output_tokens=row.max_output_tokens,
        is_active=row.is_active,
        aliases=tuple(alias.alias for alias in row.aliases.all() if alias.site_id is None),
        capabilities=tuple(capabilities.known(row.capabilities)),
        retires_at=row.retires_at,
        successor=row.successor_id,
        price=price,
        routes=_routes(row.routes.all(), known_costs),
    )


def _routes(rows: Iterable[Route], known_costs: Mapping[RouteKey, Cost]) -> tuple[RouteSpec, ...]:
    return tuple(
        RouteSpec(
            upstream=row.upstream_id,
            name=row.name,
            priority=row.priority,
            weight=row.weight,
            cost=cost.components if (cost := known_costs.get(key_of(row))) else {},
            is_active=row.is_active,
        )
        for row in rows
    )


def _plan(row: Plan, adjusted: dict[str, int]) -> PlanSpec:
    return PlanSpec(
        id=row.id,
        requests_per_minute=row.requests_per_minute,
        tokens_per_minute=row.tokens_per_minute,
        concurrency=row.concurrency,
        adjustments=adjusted,
    )


def _site(row: Site, prices: dict[str, Components], codes: dict[str, RedeemBatchSpec]) -> SiteSpec:
    terms: SiteTerms | None = getattr(row, "terms", None)
    return SiteSpec(
        id=row.id,
        name=row.name,
        domains=tuple(domain.domain for domain in row.domains.all()),
        currency=row.currency,
        language=row.language,
        time_zone=row.time_zone,
        preset=row.preset,
        no_credit_status=row.no_credit_status,
        error_overrides=row.error_overrides,
        cors_origins=None if row.cors_origins is None else tuple(row.cors_origins),
        support_contact=row.support_contact,
        is_active=row.is_active,
        languages=tuple(row.languages),
        sign_up=row.sign_up,
        accent=row.accent,
        accent_dark=row.accent_dark,
        logo=_logo(row),
        legal=_legal(row),
        footer=row.footer,
        sender_name=row.sender_name,
        sender_address=row.sender_address,
        plan=terms.plan_id if terms else UNSET,
        trial_credit=terms.trial_credit_nanos if terms else UNSET,
        models=_offered(terms) if terms else UNSET,
        aliases={alias.alias: alias.model_id for alias in row.model_aliases.all()},
        offers=_offers(row),
        prices=prices,
        redeem_batches=codes,
    )


def _offers(row: Site) -> dict[str, dict[str, Any]]:
    columns = offer_section.COLUMNS.values()
    said = {
        look.model_id: offer_section.differing({name: getattr(look, name) for name in columns})
        for look in row.site_models.all()
    }
    return {model_id: said[model_id] for model_id in sorted(said) if said[model_id]}


def _logo(row: Site) -> Logo | None:
    pictures = {image.hash: Picture(bytes(image.content), image.hash) for image in row.images.all()}
    if not row.logo_hash:
        return None
    return Logo(pictures[row.logo_hash], pictures[row.icon_hash])


def _legal(row: Site) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for text in sorted(row.texts.all(), key=lambda text: (text.kind, text.language)):
        found.setdefault(text.kind, {})[text.language] = text.body
    return found


def _announcement(row: Announcement) -> AnnouncementSpec:
    return AnnouncementSpec(
        id=row.pk,
        site=row.site_id,
        kind=row.kind,
        state=row.state,
        title=row.title,
        body=row.body,
        model_ids=tuple(row.model_ids),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def _offered(terms: SiteTerms) -> Literal["all"] | tuple[str, ...]:
    if terms.offers_all_models:
        return "all"
    return tuple(sorted(model.id for model in terms.models.all()))
