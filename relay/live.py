"""Tells open pages that something changed: a hint with topics, never content.

Listens to billing's signals (connected in RelayConfig.ready) and publishes over Channels; the
pages then fetch themselves again by plain HTTP, with their own rights.
"""

import asyncio
from collections.abc import Iterable
from typing import Any
from zlib import crc32

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from billing import signals

# A hint is worth less than a posting worker's time: later ones come, and pages poll without any.
SEND_TIMEOUT_S = 1.0

# A message costs its sender a round trip, and a thousand organizations may be posted at once; a
# page hears of its whole group, and passes over what is not its own. So many are few for both.
GROUPS = 32

USAGE_TOPICS = ("usage", "requests", "balance")
BALANCE_TOPICS = ("balance",)
REFUSAL_TOPICS = ("requests", "blocks")


def group_of(organization_id: str) -> str:
    """The Channels group of an organization's open pages; others share it."""
    return f"organizations.{crc32(organization_id.encode()) % GROUPS}"


def notify(organization_ids: Iterable[str], topics: Iterable[str]) -> None:
    """Hint to the pages of these organizations that `topics` changed.

    Blocks for SEND_TIMEOUT_S at most. Raises when Redis does not answer: senders of signals use
    `send_robust`, so that a lost hint costs nothing but its own delay.
    """
    async_to_sync(_send)(frozenset(organization_ids), sorted(topics))


async def _send(organization_ids: frozenset[str], topics: list[str]) -> None:
    layer = get_channel_layer()
    groups: dict[str, list[str]] = {}
    for organization_id in organization_ids:
        groups.setdefault(group_of(organization_id), []).append(organization_id)
    async with asyncio.timeout(SEND_TIMEOUT_S):
        for group, members in groups.items():
            message = {"type": "hint", "organizations": members, "topics": topics}
            await layer.group_send(group, message)


def on_usage_posted(organization_ids: frozenset[str], **_: Any) -> None:
    notify(organization_ids, USAGE_TOPICS)


def on_balance_changed(organization_ids: frozenset[str], **_: Any) -> None:
    notify(organization_ids, BALANCE_TOPICS)


def on_refusals_posted(organization_ids: frozenset[str], **_: Any) -> None:
    notify(organization_ids, REFUSAL_TOPICS)


def connect() -> None:
    """Start listening; repeating it changes nothing."""
    signals.usage_posted.connect(on_usage_posted, dispatch_uid="live.usage")
    signals.balance_changed.connect(on_balance_changed, dispatch_uid="live.balance")
    signals.refusals_posted.connect(on_refusals_posted, dispatch_uid="live.refusals")
