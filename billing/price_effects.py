"""The effect of a price that is not published yet: replayed on the Calls of its scope.

Reads UsageRecords, writes nothing, changes nothing. What it looks at is bounded, and it tells
from when on it did.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from accounts.models import Organization, Site
from billing import adjustments, prices
from billing.errors import BillingError
from billing.models import Model, Price
from billing.preview import Preview, Used, buckets_of, replay
from billing.preview_sql import (
    AGGREGATE,
    ANY_PLAN,
    COUNT,
    PLAIN_BOUND,
    RARER,
    RARER_BOUND,
    tariff,
)
from billing.price_versions import PriceError, PriceVersion, check_components

DAYS = 30
# Calls of plain tokens are summed by Postgres, some 200,000 a second; the others one by one here,
# some 50,000 a second. Whoever waits for a page waits for a few seconds.
AGGREGATED_CALLS_MAX = 1_000_000
REPLAYED_CALLS_MAX = 200_000
CHUNK_ROWS = 5_000
# Should the table be so large that even counting takes longer, the page says so.
STATEMENT_TIMEOUT_MS = 20_000


class EffectTooLong(BillingError):
    """The Calls of the scope could not be looked at in time."""

    code = "effect_too_long"


@dataclass(frozen=True, slots=True)
class Effect:
    """Previews by currency, of the Calls after `since` and until `until`."""

    since: datetime
    until: datetime
    by_currency: Mapping[str, Preview] = field(default_factory=dict)
    # Only the newest Calls were looked at: there are more within the days.
    is_capped: bool = False


def effect(
    model: Model,
    *,
    site: Site | None = None,
    organization: Organization | None = None,
    components: Mapping[str, Any],
    now: datetime,
) -> Effect:
    """What the scope's Calls of the last 30 days would have cost; no components end its price.

    Scopes are as `prices.publish` has them: a default leaves out sites and contracts with a price
    of their own. Raises PriceError for a price that makes no sense or leaves nothing to charge
    by, and EffectTooLong.
    """
    versions = _versions(model, site, organization, components, now)
    since = now - timedelta(days=DAYS)
    scope = _scope(model, site, organization, now) | {"since": since, "until": now}
    with _in_time():
        bound = _bound(scope)
        scope["since"] = bound or since
        totals: defaultdict[str, Preview] = defaultdict(Preview)
        for currency, preview in (*_aggregated(scope, versions), *_replayed(scope, versions)):
            totals[currency] += preview
    return Effect(scope["since"], now, dict(sorted(totals.items())), bound is not None)


def _versions(
    model: Model,
    site: Site | None,
    organization: Organization | None,
    components: Mapping[str, Any],
    now: datetime,
) -> dict[str, PriceVersion]:
    """The price by plan, as each adjusts it; a contract price is not adjusted."""
    if not components and (site or organization):
        components = _next_in_line(model, organization, now)
        organization = None
    plain = PriceVersion(0, check_components(components))
    versions = {ANY_PLAN: plain}
    if organization is None:
        known = adjustments.all_in_force(now)
        for plan in {plan for plan, _ in known}:
            adjusted = adjustments.adjustment_bp(known, plan, model.pk)
            versions[plan] = PriceVersion(0, plain.components, adjusted)
    return versions


def _next_in_line(
    model: Model, organization: Organization | None, now: datetime
) -> Mapping[str, Any]:
    """What counts once a site's own price or a contract has ended."""
    if organization is not None:
        row = prices.in_force(model, organization.site, now)
    else:
        begun = (row for row in prices.chain(model, None) if row.effective_from <= now)
        row = next(begun, None)
    if row is None:
        raise PriceError("without it the model can't be sold there")
    components: Mapping[str, Any] = row.components
    return components


def _scope(
    model: Model, site: Site | None, organization: Organization | None, now: datetime
) -> dict[str, Any]:
    """The parameters of SCOPED: who has a price of their own is not in a wider scope."""
    begun = Price.objects.filter(model=model, effective_from__lte=now)
    latest = begun.order_by("site_id", "organization_id", "-effective_from")
    own = [row for row in latest.distinct("site_id", "organization_id") if row.components]
    sites = [row.site_id for row in own if row.site_id]
    contracts = [row.organization_id for row in own if row.organization_id]
    is_default = site is None and organization is None
    return {
        "model": model.pk,
        "site": site.pk if site else None,
        "organization": organization.pk if organization else None,
        "other_sites": sites if is_default else [],
        "other_organizations": [] if organization else contracts,
    }


def _bound(scope: Mapping[str, Any]) -> datetime | None:
    """The instant after which there are no more Calls than are looked at; None: all are."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, scope)
        plain, calls = cursor.fetchone()
        found = []
        for statement, count, calls_max in (
            (PLAIN_BOUND, plain, AGGREGATED_CALLS_MAX),
            (RARER_BOUND, calls - plain, REPLAYED_CALLS_MAX),
        ):
            if count > calls_max:
                cursor.execute(statement, {**scope, "calls_max": calls_max})
                found.append(cursor.fetchone()[0])
    return max(found, default=None)


def _aggregated(
    scope: Mapping[str, Any], versions: Mapping[str, PriceVersion]
) -> Iterator[tuple[str, Preview]]:
    with connection.cursor() as cursor:
        cursor.execute(AGGREGATE, {**scope, **tariff(versions)})
        for currency, *figures in cursor.fetchall():
            yield currency, Preview(*map(int, figures))


def _replayed(
    scope: Mapping[str, Any], versions: Mapping[str, PriceVersion]
) -> Iterator[tuple[str, Preview]]:
    """What counts anything but plain tokens, in chunks: memory holds one of them."""
    read = msgspec.json.Decoder(dict[str, int]).decode
    with connection.chunked_cursor() as cursor:
        cursor.execute(RARER, scope)
        while rows := cursor.fetchmany(CHUNK_ROWS):
            groups: defaultdict[tuple[str, str], list[Used]] = defaultdict(list)
            for currency, plan, *figures in rows:
                key = currency, plan if plan in versions else ANY_PLAN
                groups[key].append(_used(figures, read))
            for (currency, plan), used in groups.items():
                yield currency, replay(used, versions[plan])


def _used(figures: list[Any], read: Callable[[str], dict[str, int]]) -> Used:
    tokens_in, cached, tokens_out, reasoning, quantities, charged, cost = figures
    buckets = buckets_of(
        input=tokens_in,
        cached_input=cached,
        output=tokens_out,
        reasoning=reasoning,
        quantities=read(quantities),
    )
    return Used(buckets, charged, cost)


@contextmanager
def _in_time() -> Iterator[None]:
    """One transaction in which no statement runs for too long."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise EffectTooLong("too many calls to look at in time") from error
        raise
