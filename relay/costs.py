"""Cost versions of Routes: which one is in force, publishing the next, taking one back that has not
begun. Never edits what a Call may have cost."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from accounts import audit
from billing import cancelling
from billing.price_versions import PriceError, PriceVersion, check_components
from relay import signals
from relay.models import Cost, Route

# Costs change a few times a year; the newest are looked at.
VERSIONS_MAX = 100


class RouteKey(NamedTuple):
    """What tells a Route from others, and the versions of its cost from others'."""

    model: str
    upstream: str
    name: str


def key_of(route: Route) -> RouteKey:
    """The Route's key."""
    return RouteKey(route.model_id, route.upstream_id, route.name)


def in_force(at: datetime) -> dict[RouteKey, Cost]:
    """Every Route's version at an instant; a Route whose cost is not known is not there."""
    rows = (
        Cost.objects.filter(effective_from__lte=at)
        .order_by("model", "upstream", "name", "-effective_from")
        .distinct("model", "upstream", "name")
    )
    return {RouteKey(row.model, row.upstream, row.name): row for row in rows if row.components}


def of_model(model_id: str, at: datetime) -> dict[RouteKey, Cost]:
    """The versions in force of one model's Routes."""
    return of_models([model_id], at)


def of_models(model_ids: Iterable[str], at: datetime) -> dict[RouteKey, Cost]:
    """The same of a few models'. One query."""
    rows = (
        Cost.objects.filter(model__in=set(model_ids), effective_from__lte=at)
        .order_by("model", "upstream", "name", "-effective_from")
        .distinct("model", "upstream", "name")
    )
    return {RouteKey(row.model, row.upstream, row.name): row for row in rows if row.components}


def components_of(route: Route) -> dict[str, Any]:
    """What the Route costs now; empty when that is not known."""
    row = of_model(route.model_id, timezone.now()).get(key_of(route))
    return row.components if row else {}


def latest(route: RouteKey, at: datetime) -> Cost | None:
    """The version that counts at an instant, also one that made the cost unknown."""
    rows = Cost.objects.filter(**route._asdict(), effective_from__lte=at)
    return rows.order_by("-effective_from").first()


def chain(route: RouteKey, *, rows_max: int) -> list[Cost]:
    """The Route's versions, the newest first, cancelled ones too; one without components made its
    cost unknown."""
    rows = Cost.every.filter(**route._asdict()).select_related("created_by")
    return list(rows.order_by("-effective_from")[:rows_max])


def version_of(row: Cost) -> PriceVersion:
    """The row as the arithmetic takes it."""
    return PriceVersion(row.pk, check_components(row.components))


def publish(
    route: RouteKey,
    components: Mapping[str, Any],
    *,
    effective_from: datetime | None = None,
    by: audit.Actor | None = None,
) -> Cost | None:
    """The Route costs this from now on, or from a later instant; nothing at all: not known.

    Idempotent: what would change nothing gives the version in force then (None: there was none).
    Raises PriceError for components that make no sense, and an instant that passed or is taken.
    """
    checked = check_components(components) if components else {}
    now = timezone.now()
    start = effective_from or now
    if start < now:
        raise PriceError("a cost cannot begin in the past")
    with transaction.atomic():
        rows = Cost.objects.select_for_update(no_key=True).filter(**route._asdict())
        before = rows.filter(effective_from__lte=start).order_by("-effective_from").first()
        if (before.components if before else {}) == checked:
            return before
        if before is not None and before.effective_from == start:
            raise PriceError("another version begins at that very instant")
        row = Cost.objects.create(
            **route._asdict(),
            components=checked,
            effective_from=start,
            created_by=by.user if by else None,
        )
        signals.announce()
    return row


@transaction.atomic
def cancel(version: Cost, *, by: audit.Actor, reason: str = "") -> None:
    """Take back a version that has not begun. Idempotent. Raises VersionBegun."""
    if not cancelling.take_back(version):
        return
    named = {name: getattr(version, name) for name in ("upstream", "name", "components")}
    before = named | {"effective_from": version.effective_from.isoformat()}
    audit.record(by, "cost.cancel", version.model, before=before, reason=reason)
    signals.announce()
