"""What the control plane tells the data plane; who listens is decided in config."""

from django.db import transaction
from django.dispatch import Signal

# Upstreams, models, routes, prices, plans or sites changed, and the change is committed. No
# arguments: listeners read the whole catalog anew.
catalog_changed = Signal()


def announce() -> None:
    """Send `catalog_changed` once the transaction in progress has committed, or now without one."""
    transaction.on_commit(_send)


def _send() -> None:
    catalog_changed.send(sender=None)
