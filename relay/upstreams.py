"""Upstreams as staff manage them: add, change, pause, resume. Each act is one transaction, and
the relays hear of it after commit. Never answers or logs a credential."""

from django.db import transaction

from relay import signals
from relay.models import Upstream


@transaction.atomic
def create(
    upstream_id: str, *, dialect: str, base_url: str, provider: str, credential: str
) -> Upstream:
    """Add an upstream; without a route to it nothing is sent there. IntegrityError if it exists."""
    upstream = Upstream(id=upstream_id, dialect=dialect, base_url=base_url, provider=provider)
    upstream.set_credential(credential)
    upstream.save(force_insert=True)
    signals.announce()
    return upstream


@transaction.atomic
def update(
    upstream: Upstream, *, dialect: str, base_url: str, provider: str, credential: str = ""
) -> None:
    """Change an upstream; an empty credential keeps the stored one."""
    upstream.dialect, upstream.base_url, upstream.provider = dialect, base_url, provider
    changed = ["dialect", "base_url", "provider"]
    if credential:
        upstream.set_credential(credential)
        changed.append("credentials")
    upstream.save(update_fields=changed)
    signals.announce()


@transaction.atomic
def set_active(upstream: Upstream, *, is_active: bool) -> None:
    """Pause (no new Calls go there; open ones finish) or resume. Repeating it changes nothing."""
    upstream.is_active = is_active
    upstream.save(update_fields=["is_active"])
    signals.announce()
