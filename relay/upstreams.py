"""Upstreams as staff manage them: add, change, pause, resume. Each act is one transaction, and
the relays hear of it after commit. Never answers or logs a credential."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from relay import signals, upstream_checks
from relay.models import Upstream
from relay.models.upstreams import SWITCHED
from relay.upstream_checks import CheckResult

FIELDS = ("dialect", "base_url", "provider", "concurrency_max", "quirks")


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
    by: audit.Actor,
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
    audit.record(by, "upstream.create", upstream, after=audit.fields_of(upstream, *FIELDS))
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
    by: audit.Actor,
) -> None:
    """Change an upstream; an empty credential keeps the stored ones, another replaces them all."""
    before = audit.fields_of(upstream, *FIELDS)
    upstream.dialect, upstream.base_url, upstream.provider = dialect, base_url, provider
    upstream.concurrency_max, upstream.quirks = concurrency_max, dict(quirks or {})
    changed = [*FIELDS]
    after = audit.fields_of(upstream, *FIELDS)
    if credential:
        after["credentials"] = "replaced"
        upstream.set_credential(credential)
        changed.append("credentials")
    upstream.save(update_fields=changed)
    if after != before:
        audit.record(by, "upstream.change", upstream, before=before, after=after)
    signals.announce()


@transaction.atomic
def add_credential(upstream: Upstream, *, label: str, secret: str, by: audit.Actor) -> None:
    """One more that takes its turn. ValueError when it is there already, or there are many."""
    row = Upstream.objects.select_for_update().get(pk=upstream.pk)
    row.add_credential(secret, label)
    row.save(update_fields=["credentials"])
    audit.record(by, "upstream.add_credential", row, after={"label": label})
    signals.announce()


@transaction.atomic
def remove_credential(upstream: Upstream, credential_id: str, *, by: audit.Actor) -> None:
    """One less; Calls that are under way with it go on. Repeating it changes nothing."""
    row = Upstream.objects.select_for_update().get(pk=upstream.pk)
    count = len(row.credentials)
    row.remove_credential(credential_id)
    row.save(update_fields=["credentials"])
    if len(row.credentials) < count:
        before = {"credential": credential_id}
        audit.record(by, "upstream.remove_credential", row, before=before)
    signals.announce()


@transaction.atomic
def set_active(upstream: Upstream, *, is_active: bool, by: audit.Actor, reason: str = "") -> None:
    """Pause (no new Calls go there; open ones finish) or resume. Repeating it changes nothing."""
    row = Upstream.objects.select_for_update().get(pk=upstream.pk)
    if row.is_active is not is_active:
        row.switch(is_active=is_active, reason=reason, now=timezone.now())
        row.save(update_fields=SWITCHED)
        action = "upstream.resume" if is_active else "upstream.pause"
        audit.record(by, action, row, reason=reason)
        signals.announce()
    for name in SWITCHED:
        setattr(upstream, name, getattr(row, name))


def test_call(upstream: Upstream, model: str, *, by: audit.Actor) -> CheckResult:
    """`upstream_checks.call`, which costs money, so that the trail has it; what was answered is not
    kept. Call it outside of transactions: a vendor takes its time."""
    result = upstream_checks.call(upstream, model)
    after = {"model": result.model, "ok": result.ok, "status": result.status}
    audit.record(by, "upstream.test", upstream, after=after)
    return result
