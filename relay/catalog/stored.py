"""The catalog as the database has it, as a `Document`. Reads only; a fixed number of queries."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from accounts.models import Organization, Site
from billing.models import Model, Plan, Price, SiteTerms
from relay import costs
from relay.catalog.document import (
    UNSET,
    Components,
    Document,
    ModelSpec,
    PlanSpec,
    RouteSpec,
    SiteSpec,
    Unset,
    UpstreamSpec,
)
from relay.costs import RouteKey, key_of
from relay.models import Cost, Route, Upstream


def read(now: datetime) -> Document:
    """Everything, with the prices in force at `now` and the credentials in the clear."""
    defaults, by_site = _prices(now)
    models = Model.objects.prefetch_related("routes").order_by("id")
    known_costs = costs.in_force(now)
    sites = Site.objects.select_related("terms").prefetch_related("domains", "terms__models")
    organizations = Organization.objects.order_by("site_id")
    return Document(
        upstreams={row.id: _upstream(row) for row in Upstream.objects.order_by("id")},
        models={row.id: _model(row, defaults.get(row.id, UNSET), known_costs) for row in models},
        plans={row.id: _plan(row) for row in Plan.objects.order_by("id")},
        sites={row.id: _site(row, by_site.get(row.id, {})) for row in sites.order_by("id")},
        sites_in_use=frozenset(organizations.values_list("site_id", flat=True).distinct()),
    )


def _prices(now: datetime) -> tuple[dict[str, Components], dict[str, dict[str, Components]]]:
    """The versions in force: every site's default by model, and each site's own by model."""
    defaults: dict[str, Components] = {}
    by_site: dict[str, dict[str, Components]] = {}
    in_force = (
        Price.objects.filter(organization=None, effective_from__lte=now)
        .order_by("model_id", "site_id", "-effective_from")
        .distinct("model_id", "site_id")
    )
    for row in in_force:
        if not row.components:
            continue  # it ended the site's own price
        if row.site_id is None:
            defaults[row.model_id] = row.components
        else:
            by_site.setdefault(row.site_id, {})[row.model_id] = row.components
    return defaults, by_site


def _upstream(row: Upstream) -> UpstreamSpec:
    return UpstreamSpec(
        id=row.id,
        dialect=row.dialect,
        base_url=row.base_url,
        provider=row.provider,
        is_active=row.is_active,
        credential=row.credential(),
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


def _plan(row: Plan) -> PlanSpec:
    return PlanSpec(
        id=row.id,
        requests_per_minute=row.requests_per_minute,
        tokens_per_minute=row.tokens_per_minute,
        concurrency=row.concurrency,
    )


def _site(row: Site, prices: dict[str, Components]) -> SiteSpec:
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
        plan=terms.plan_id if terms else UNSET,
        models=_offered(terms) if terms else UNSET,
        prices=prices,
    )


def _offered(terms: SiteTerms) -> Literal["all"] | tuple[str, ...]:
    if terms.offers_all_models:
        return "all"
    return tuple(sorted(model.id for model in terms.models.all()))
