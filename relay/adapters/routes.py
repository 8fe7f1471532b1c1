"""RouteTable: the catalog as an immutable snapshot, swapped when Postgres says it changed."""

import asyncio
import logging
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

from channels.db import database_sync_to_async
from cryptography.fernet import InvalidToken

from accounts.models import Site as SiteRow
from billing import site_models
from billing.models import Model, SiteModel
from relay import costs
from relay.adapters import price_lists, retirements
from relay.adapters.background import Background
from relay.adapters.price_lists import PriceList
from relay.models import Cost, ModelAlias
from relay.models import Route as RouteRow
from relay.models import Upstream as UpstreamRow
from relay.proxy import routing
from relay.proxy.passing import PASSED_MAX, Skip
from relay.proxy.renaming import Renaming
from relay.proxy.types import LeftOut, Offer, Route, Snapshot
from relay.proxy.upstream.port import Origin
from relay.proxy.wire import Kind, Wire, quirks_of, wire
from relay.storefronts import storefront

log = logging.getLogger(__name__)

EMPTY = Snapshot(sites_by_host={}, offers_by_site={})
# Reloads that are asked for in a burst are done once.
SETTLE_S = 0.05


class SnapshotTable(Background):
    """Implements the proxy's RouteTable. Calls under way keep the snapshot they began with."""

    def __init__(self) -> None:
        self._snapshot = EMPTY
        self._next_change: asyncio.TimerHandle | None = None
        self._wanted = asyncio.Event()

    def snapshot(self) -> Snapshot:
        """See `ports.RouteTable.snapshot`."""
        return self._snapshot

    async def load(self) -> None:
        """Read the catalog now; raises what the database raises."""
        loaded, next_change_at = await database_sync_to_async(read)(datetime.now(UTC))
        self._snapshot = loaded
        self._plan_next(next_change_at)

    def want_reload(self) -> None:
        """Reload soon; asked for twice in a moment it is done once."""
        self._wanted.set()

    async def stop(self) -> None:
        """Stop following `want_reload`."""
        if self._next_change is not None:
            self._next_change.cancel()
        await super().stop()

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            await asyncio.sleep(SETTLE_S)
            self._wanted.clear()
            try:
                await self.load()
            except Exception:  # outermost frame of the task: the old snapshot goes on serving
                log.exception("the catalog could not be read; the last one stays in force")

    def _plan_next(self, at: datetime | None) -> None:
        """A price that was scheduled takes force by itself."""
        if self._next_change is not None:
            self._next_change.cancel()
            self._next_change = None
        if at is not None:
            delay_s = max(0.0, (at - datetime.now(UTC)).total_seconds())
            loop = asyncio.get_running_loop()
            self._next_change = loop.call_later(delay_s, self.want_reload)


def read(now: datetime) -> tuple[Snapshot, datetime | None]:
    """The snapshot in force at `now`, and when a scheduled price will change it."""
    # Suspended ones too: their keys are to be told so, not that there is no such site.
    sites = list(SiteRow.objects.prefetch_related("domains"))
    by_host = {
        domain.domain: shown
        for site in sites
        for shown in (storefront(site),)
        for domain in site.domains.all()
    }
    models = list(Model.objects.filter(is_active=True))
    unusable: list[str] = []
    prices = price_lists.read(now, unusable)
    routes, left_out = _routes(now, unusable)
    for what in unusable:
        log.error("left out of the catalog: %s", what)
    offers: dict[str, dict[str, Offer]] = {}
    retired: dict[str, dict[str, str]] = {}
    # Sites that sell at the same price share one offer: ten thousand models times a hundred sites
    # would be a million.
    shared: dict[int, Offer] = {}
    for site in sites:
        sold = site_models.range_of(site.id)
        offers[site.id] = {
            model.id: shared.get(price_list.listed.id)
            or shared.setdefault(
                price_list.listed.id,
                _offer(model, price_list, routes.get(model.id, ()), left_out.get(model.id, ())),
            )
            for model in models
            if sold.has(model.id)
            and not retirements.has_retired(model, now)
            and (price_list := prices.price_list(model.id, site.id)) is not None
        }
        retired[site.id] = retirements.told(models, sold, now)
    names = list(ModelAlias.objects.order_by("site_id", "alias"))
    aliases = _aliases(offers, names)
    retired = retirements.under_every_name(retired, names)
    offers = _listed(offers, aliases)
    next_change = retirements.earliest(
        price_lists.next_change(now), retirements.next_one(models, now)
    )
    return Snapshot(by_host, offers, aliases, retired), next_change


def _listed(
    offers: dict[str, dict[str, Offer]], aliases: dict[str, dict[str, Offer]]
) -> dict[str, dict[str, Offer]]:
    """As the sites list them; a name that does not lead to the model is left out. One query."""
    for row in SiteModel.objects.exclude(is_hidden=False, shown_as=""):
        known, named = offers.get(row.site_id, {}), aliases.get(row.site_id, {})
        if (offer := known.get(row.model_id)) is not None:
            target = named.get(row.shown_as)
            is_its = target is not None and target.model_id == row.model_id
            known[row.model_id] = replace(
                offer, is_hidden=row.is_hidden, listed_as=row.shown_as if is_its else ""
            )
    return offers


def of_model(model: Model, now: datetime) -> tuple[Route, ...]:
    """A model's Routes as a snapshot of `now` has them, without those that can't be used."""
    return _routes(now, [], model=model)[0].get(model.pk, ())


def _routes(
    now: datetime, unusable: list[str], model: Model | None = None
) -> tuple[dict[str, tuple[Route, ...]], dict[str, tuple[LeftOut, ...]]]:
    """Routes of each model, or of one, in order of priority, and those that no Call is tried on
    for now; one that can't be used is told in `unusable`."""
    found: defaultdict[str, list[Route]] = defaultdict(list)
    left_out: defaultdict[str, list[LeftOut]] = defaultdict(list)
    known_costs = costs.in_force(now) if model is None else costs.of_model(model.pk, now)
    rows = RouteRow.objects.select_related("upstream", "model")
    if model is not None:
        rows = rows.filter(model=model)
    wires: dict[str, list[tuple[str, Wire]]] = {}
    for row in rows.order_by("priority", "id"):
        if (reason := _why_off(row)) is not None:
            left_out[row.model_id].append(LeftOut(row.upstream_id, row.priority, reason.value))
            continue
        try:
            if row.upstream_id not in wires:
                wires[row.upstream_id] = _wires(row.upstream)
            cost = known_costs.get(costs.key_of(row))
            found[row.model_id].append(_route(row, cost, wires[row.upstream_id]))
        except (ValueError, InvalidToken) as error:  # PriceError is a ValueError
            unusable.append(f"route {row.pk} ({row.upstream_id}): {error!r}")
            reason = Skip.UNUSABLE
            left_out[row.model_id].append(LeftOut(row.upstream_id, row.priority, reason.value))
    return (
        {model_id: tuple(routes) for model_id, routes in found.items()},
        {model_id: tuple(each[:PASSED_MAX]) for model_id, each in left_out.items()},
    )


def _why_off(row: RouteRow) -> Skip | None:
    if not row.is_active:
        return Skip.ROUTE_OFF
    return None if row.upstream.is_active else Skip.UPSTREAM_PAUSED


def _wires(upstream: UpstreamRow) -> list[tuple[str, Wire]]:
    """The wire of each credential, by its id; one without any where there is none."""
    kind, quirks = Kind(upstream.dialect), quirks_of(upstream.quirks)
    secrets = upstream.secrets() or [("", "")]
    return [(name, wire(kind, secret.encode(), quirks)) for name, secret in secrets]


def _route(row: RouteRow, cost: Cost | None, wires: list[tuple[str, Wire]]) -> Route:
    upstream = row.upstream
    route = Route(
        upstream_id=upstream.id,
        origin=Origin.parse(upstream.base_url),
        wire=wires[0][1],
        name=row.name,
        output_tokens_max=row.model.max_output_tokens,
        renaming=Renaming(row.name, row.model_id) if row.name != row.model_id else None,
        priority=row.priority,
        weight=row.weight,
        # one that says no vendor serves several: there the model's owner is the vendor
        provider=upstream.provider or row.model.owned_by,
        cost=costs.version_of(cost) if cost is not None else None,
        concurrency_max=upstream.concurrency_max,
    )
    return routing.with_credentials(route, wires)


def _aliases(
    offers: dict[str, dict[str, Offer]], rows: list[ModelAlias]
) -> dict[str, dict[str, Offer]]:
    """What each site sells under further names; its own names come before those of all sites."""
    for_all = {row.alias: row.model_id for row in rows if row.site_id is None}
    found: dict[str, dict[str, Offer]] = {}
    for site_id, sold in offers.items():
        own = {row.alias: row.model_id for row in rows if row.site_id == site_id}
        found[site_id] = {
            alias: _under_another_name(sold[model_id], alias)
            for alias, model_id in (for_all | own).items()
            if model_id in sold and alias not in sold
        }
    return found


def _under_another_name(offer: Offer, alias: str) -> Offer:
    """The same, answering with the name that was asked for."""

    def renamed(route: Route, renaming: Renaming | None) -> Route:
        keyed = tuple(renamed(each, renaming) for each in route.keyed)
        return replace(route, renaming=renaming, keyed=keyed)

    names = {route.name for route in offer.routes}
    renamings = {name: Renaming(name, alias) if name != alias else None for name in names}
    return replace(
        offer, routes=tuple(renamed(route, renamings[route.name]) for route in offer.routes)
    )


def _offer(
    model: Model,
    prices: PriceList,
    routes: tuple[Route, ...],
    left_out: tuple[LeftOut, ...],
) -> Offer:
    return Offer(
        model_id=model.id,
        max_output_tokens=model.max_output_tokens,
        context_tokens=model.context_tokens,
        created=int(model.created_at.timestamp()),
        owned_by=model.owned_by,
        price=prices,
        routes=routes,
        left_out=left_out,
    )
