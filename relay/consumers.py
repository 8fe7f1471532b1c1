"""The WebSocket of open dashboard pages: passes hints on, at most one message a second.

Never sends content, and never reads what a page sends. Who may listen is decided once, when the
socket opens; pages open a new one with every navigation.
"""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.http.request import split_domain_port

from accounts.models import Membership, User
from accounts.web.middleware import ORGANIZATION_SESSION_KEY
from relay.live import group_of

GAP_S = 1.0
# RFC 6455 leaves 4000-4999 to applications; pages treat every close alike and retry slowly.
CLOSE_NOT_ALLOWED = 4403


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One open page of a member."""

    async def connect(self) -> None:
        self.group = ""
        self.pending: set[str] = set()
        self.flushing: asyncio.Task[None] | None = None
        organization_id = await self.find_organization()
        # Accepted first: a close before the handshake reaches scripts without its code.
        await self.accept()
        if organization_id is None:
            await self.close(CLOSE_NOT_ALLOWED)
            return
        self.organization_id = organization_id
        self.group = group_of(organization_id)
        await self.channel_layer.group_add(self.group, self.channel_name)

    async def disconnect(self, code: int) -> None:
        if self.flushing is not None:
            self.flushing.cancel()
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Pages have nothing to say; what they send is dropped unread."""

    async def hint(self, message: dict[str, Any]) -> None:
        """A hint from `relay.live`: sent at once, or with the next one when one was just sent.

        The group is shared: what others are told stays here.
        """
        if self.organization_id not in message["organizations"]:
            return
        self.pending.update(message["topics"])
        if self.flushing is None or self.flushing.done():
            self.flushing = asyncio.create_task(self.flush())

    async def flush(self) -> None:
        while self.pending:
            topics = sorted(self.pending)
            self.pending.clear()
            await self.send_json({"topics": topics})
            await asyncio.sleep(GAP_S)

    async def find_organization(self) -> str | None:
        """The organization whose pages this is: of the logged-in user, on the site of the host."""
        host = header(self.scope, b"host")
        if not host or urlsplit(header(self.scope, b"origin")).netloc != host:
            return None
        user = self.scope.get("user")
        if not isinstance(user, User) or not user.is_active:
            return None
        chosen = await database_sync_to_async(self.scope["session"].get)(ORGANIZATION_SESSION_KEY)
        domain, _port = split_domain_port(host)
        found: str | None = await database_sync_to_async(organization_of)(user, domain, chosen)
        return found


def header(scope: dict[str, Any], name: bytes) -> str:
    """A request header, or ""."""
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found.decode("latin-1")


def organization_of(user: User, domain: str, chosen_id: str | None) -> str | None:
    """As the pages' middleware chooses: the session's, else the oldest membership on the site."""
    rows = Membership.objects.filter(
        user=user, organization__site__domains__domain=domain, organization__site__is_active=True
    )
    ids = list(rows.order_by("created_at", "id").values_list("organization_id", flat=True))
    if chosen_id in ids:
        return chosen_id
    return ids[0] if ids else None
