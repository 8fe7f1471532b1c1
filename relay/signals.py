"""What the control plane tells the data plane; who listens is decided in config."""

from typing import Any

from django.db import transaction
from django.dispatch import Signal

from billing import tasks
from billing.signals import price_published

# Upstreams, models, routes, prices, plans or sites changed, and the change is committed. No
# arguments: listeners read the whole catalog anew.
catalog_changed = Signal()


def announce() -> None:
    """Send `catalog_changed` once the transaction in progress has committed, or now without one."""
    transaction.on_commit(_send)


def connect() -> None:
    """Pass on what billing changes of the catalog, and open the gates of new sites.

    Repeating it changes nothing.
    """
    catalog_changed.connect(_open_gates, dispatch_uid="relay.catalog.gates")
    price_published.connect(_on_price_published, dispatch_uid="relay.catalog.price")


def _send() -> None:
    # Robust: the change is made, and relays also look for themselves from time to time.
    catalog_changed.send_robust(sender=None)


def _open_gates(**_: Any) -> None:
    """A new site sells at once, not at the worker's next round."""
    tasks.open_gates()


def _on_price_published(**_: Any) -> None:
    _send()
