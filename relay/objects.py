"""Objects by their owner: the one way to read what Calls left behind. Never asks an Upstream, and
never moves money (`deferred` does)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from relay.models import DeferredCall, UpstreamObject

# What is deleted in one statement by the retention job; the next run takes the rest.
DROPPED_AT_ONCE = 1_000
# A video's content is gone at its vendor long before (OpenAI: an hour); its job may be looked at.
VIDEO_LIFE = timedelta(days=30)


def life_of(kind: str) -> timedelta:
    """How long an object can be found."""
    if kind == UpstreamObject.Kind.RESPONSE:
        return timedelta(days=settings.RESPONSE_RETENTION_DAYS)
    return VIDEO_LIFE


def find(
    site_id: str, organization_id: str, kind: str, object_id: str, now: datetime
) -> UpstreamObject | None:
    """The organization's own object; None for all others, and for what is over."""
    owned = UpstreamObject.objects.filter(site=site_id, organization=organization_id, kind=kind)
    return owned.filter(pk=object_id, expires_at__gt=now).first()


def page(
    site_id: str,
    organization_id: str,
    kind: str,
    now: datetime,
    *,
    after: str,
    limit: int,
    is_ascending: bool,
) -> list[UpstreamObject]:
    """At most `limit` of them by age; `after` is the id of the one before, if it is theirs."""
    rows = UpstreamObject.objects.filter(
        site=site_id, organization=organization_id, kind=kind, expires_at__gt=now
    )
    last = rows.filter(pk=after).first() if after else None
    if last is not None and is_ascending:
        rows = rows.filter(
            Q(created_at__gt=last.created_at) | Q(created_at=last.created_at, pk__gt=last.pk)
        )
    elif last is not None:
        rows = rows.filter(
            Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)
        )
    order = ("created_at", "id") if is_ascending else ("-created_at", "-id")
    return list(rows.order_by(*order)[:limit])


def keep(made: UpstreamObject) -> None:
    """Keep an object that is ready. Idempotent by its id, which is its owner's alone."""
    UpstreamObject.objects.bulk_create([made], ignore_conflicts=True)


def forget(object_id: str, now: datetime) -> None:
    """Nobody finds it from now on, and nothing of what it said is left. Idempotent."""
    UpstreamObject.objects.filter(pk=object_id).update(expires_at=now, document=b"", items=b"")


def drop_expired(now: datetime) -> int:
    """Delete what is over and owes nothing; how many. At most DROPPED_AT_ONCE."""
    over = UpstreamObject.objects.filter(expires_at__lte=now)
    owing = DeferredCall.objects.values("pk")
    ids = list(over.exclude(pk__in=owing).values_list("pk", flat=True)[:DROPPED_AT_ONCE])
    UpstreamObject.objects.filter(pk__in=ids).delete()
    return len(ids)
