"""Upstreams as staff manage them: add, change, pause, resume. Each act is one transaction, and
the relays hear of it after commit. Never answers or logs a credential."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from relay import signals
from relay.models import Upstream


@transaction.atomic
def create(
    upstream_id: str,
    *,
    dialect: str,
    base_url: str,
    provider: str,
    credential: str,
    concurrency_max: int | None = None,
    quirks: Mapping[str, Any] | None = None,
) -> Upstream:
    """Add an upstream; without a route to it nothing is sent there. IntegrityError if it exists."""
    upstream = Upstream(
        id=upstream_id,
        dialect=dialect,
        base_url=base_url,
        provider=provider,
        concurrency_max=concurrency_max,
        quirks=quirks or {},
    )
    upstream.set_credential(credential)
    upstream.save(force_insert=True)
    signals.announce()
    return upstream


@transaction.atomic
def update(
    upstream: Upstream,
    *,
    dialect: str,
    base_url: str,
    provider: str,
    credential: str = "",
    concurrency_max: int | None = None,
    quirks: Mapping[str, Any] | None = None,
) -> None:
    """Change an upstream; an empty credential keeps the stored ones, another replaces them all."""
    upstream.dialect, upstream.base_url, upstream.provider = dialect, base_url, provider
    upstream.concurrency_max, upstream.quirks = concurrency_max, dict(quirks or {})
    changed = ["dialect", "base_url", "provider", "concurrency_max", "quirks"]
    if credential:
        upstream.set_credential(credential)
        changed.append("credentials")
    upstream.save(update_fields=changed)
    signals.announce()


@transaction.atomic
def add_credential(upstream: Upstream, *, label: str, secret: str) -> None:
    """One more that takes its turn. ValueError when it is there already, or there are many."""
    row = Upstream.objects.select_for_update().get(pk=upstream.pk)
    row.add_credential(secret, label)
    row.save(update_fields=["credentials"])
    signals.announce()


@transaction.atomic
def remove_credential(upstream: Upstream, credential_id: str) -> None:
    """One less; Calls that are under way with it go on. Repeating it changes nothing."""
    row = Upstream.objects.select_for_update().get(pk=upstream.pk)
    row.remove_credential(credential_id)
    row.save(update_fields=["credentials"])
    signals.announce()


@transaction.atomic
def set_active(upstream: Upstream, *, is_active: bool) -> None:
    """Pause (no new Calls go there; open ones finish) or resume. Repeating it changes nothing."""
    upstream.is_active = is_active
    upstream.save(update_fields=["is_active"])
    signals.announce()
