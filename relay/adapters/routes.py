"""RouteTable: the catalog as an immutable snapshot, swapped when Postgres says it changed."""

import asyncio
import logging
from collections import defaultdict
from datetime import UTC, datetime

from channels.db import database_sync_to_async
from cryptography.fernet import InvalidToken
from django.db.models import Q

from accounts.models import Site as SiteRow
from billing.models import Model, Price, SiteTerms
from billing.prices import version_of
from billing.pricing import PriceError, PriceVersion
from relay.models import Route as RouteRow
from relay.models import Upstream
from relay.proxy import error_contract
from relay.proxy.renaming import Renaming
from relay.proxy.types import Offer, Route, Site, Snapshot
from relay.proxy.upstream.port import HeaderBlock, Origin
from relay.proxy.upstream.request_head import header_block

log = logging.getLogger(__name__)

EMPTY = Snapshot(sites_by_host={}, offers_by_site={})
# Reloads that are asked for in a burst are done once.
SETTLE_S = 0.05


class SnapshotTable:
    """Implements the proxy's RouteTable. Calls under way keep the snapshot they began with."""

    def __init__(self) -> None:
        self._snapshot = EMPTY
        self._next_change: asyncio.TimerHandle | None = None
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def snapshot(self) -> Snapshot:
        """See `ports.RouteTable.snapshot`."""
        return self._snapshot

    async def load(self) -> None:
        """Read the catalog now; raises what the database raises."""
        loaded, next_change_at = await database_sync_to_async(_read)(datetime.now(UTC))
        self._snapshot = loaded
        self._plan_next(next_change_at)

    def want_reload(self) -> None:
        """Reload soon; asked for twice in a moment it is done once."""
        self._wanted.set()

    async def start(self) -> None:
        """Follow `want_reload` from now on."""
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following."""
        if self._next_change is not None:
            self._next_change.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
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


def _read(now: datetime) -> tuple[Snapshot, datetime | None]:
    """The snapshot in force at `now`, and when a scheduled price will change it."""
    sites = list(SiteRow.objects.filter(is_active=True).prefetch_related("domains"))
    by_host = {
        domain.domain: Site(
            site.id,
            site.language,
            error_contract.resolve([error_contract.no_credit(site.no_credit_status)]),
        )
        for site in sites
        for domain in site.domains.all()
    }
    models = list(Model.objects.filter(is_active=True))
    prices = _prices_in_force(now)
    routes = _routes()
    offers: dict[str, dict[str, Offer]] = {}
    for site in sites:
        sold = _sold_on(site.id)
        offers[site.id] = {
            model.id: _offer(model, version, routes.get(model.id, ()))
            for model in models
            if (sold is None or model.id in sold)
            and (version := prices.get((model.id, site.id)) or prices.get((model.id, None)))
        }
    upcoming = Price.objects.filter(effective_from__gt=now).order_by("effective_from").first()
    return Snapshot(by_host, offers), upcoming.effective_from if upcoming else None


def _sold_on(site_id: str) -> frozenset[str] | None:
    """The models a site sells; None for all, nothing without terms."""
    terms = SiteTerms.objects.filter(pk=site_id).first()
    if terms is None:
        return frozenset()
    if terms.offers_all_models:
        return None
    return frozenset(terms.models.values_list("pk", flat=True))


def _prices_in_force(now: datetime) -> dict[tuple[str, str | None], PriceVersion]:
    """The latest version of each (model, site or default) that has begun."""
    rows = (
        Price.objects.filter(effective_from__lte=now)
        .order_by("model_id", "site_id", "-effective_from")
        .distinct("model_id", "site_id")
    )
    found: dict[tuple[str, str | None], PriceVersion] = {}
    for row in rows:
        try:
            found[row.model_id, row.site_id] = version_of(row)
        except PriceError as error:
            log.error("price version %s cannot be used: %s", row.pk, error)
    return found


def _routes() -> dict[str, tuple[Route, ...]]:
    """Routes of each model in order of priority; one that cannot be used is left out and logged."""
    found: defaultdict[str, list[Route]] = defaultdict(list)
    rows = RouteRow.objects.select_related("upstream").filter(
        Q(is_active=True) & Q(upstream__is_active=True)
    )
    for row in rows.order_by("priority", "id"):
        try:
            found[row.model_id].append(_route(row))
        except (ValueError, InvalidToken) as error:
            log.error("route %s (%s) cannot be used: %r", row.pk, row.upstream_id, error)
    return {model_id: tuple(routes) for model_id, routes in found.items()}


def _route(row: RouteRow) -> Route:
    upstream = row.upstream
    return Route(
        upstream_id=upstream.id,
        origin=Origin.parse(upstream.base_url),
        head=_head(upstream),
        name=row.name,
        renaming=Renaming(row.name, row.model_id) if row.name != row.model_id else None,
        priority=row.priority,
        weight=row.weight,
        provider=upstream.provider,
        cost=PriceVersion(0, row.cost) if row.cost else None,
    )


def _head(upstream: Upstream) -> HeaderBlock:
    """The header lines of every call on this Upstream. Bodies are passed on, so not compressed."""
    headers = [
        (b"content-type", b"application/json"),
        (b"accept", b"application/json, text/event-stream"),
        (b"accept-encoding", b"identity"),
        (b"user-agent", b"tollgate"),
    ]
    if credential := upstream.credential():
        headers.append((b"authorization", b"Bearer " + credential.encode()))
    return header_block(headers)


def _offer(model: Model, version: PriceVersion, routes: tuple[Route, ...]) -> Offer:
    return Offer(
        model_id=model.id,
        max_output_tokens=model.max_output_tokens,
        context_tokens=model.context_tokens,
        created=int(model.created_at.timestamp()),
        owned_by=model.owned_by,
        price=version,
        routes=routes,
    )
