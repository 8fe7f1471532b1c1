"""Open pages of a member hear of their organization's changes, and of nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from channels.testing import WebsocketCommunicator

from accounts.models import Membership, Organization, Role, Site, SiteDomain, User
from billing.signals import balance_changed, refusals_posted, usage_posted
from relay import live
from relay.consumers import CLOSE_NOT_ALLOWED, GAP_S, LiveConsumer

HOST = "acme.localhost:8000"
ORIGIN = f"http://{HOST}"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def fresh_layer() -> AsyncIterator[None]:
    """Channels keeps a Redis connection per event loop; each test has its own loop."""
    yield
    layer = channel_layers["default"]
    await layer.flush()
    channel_layers.backends.clear()


@pytest.fixture
def owner(acme: Organization, site: Site) -> User:
    SiteDomain.objects.create(domain="acme.localhost", site=site)
    user = User.objects.create_user("owner@acme.example")
    Membership.objects.create(organization=acme, user=user, role=Role.OWNER)
    return user


def socket(user: Any, *, origin: str = ORIGIN, host: str = HOST) -> WebsocketCommunicator:
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    communicator = WebsocketCommunicator(LiveConsumer.as_asgi(), "/ws/live/", headers=headers)
    communicator.scope["user"] = user
    communicator.scope["session"] = {}
    return communicator


async def hint(communicator: WebsocketCommunicator) -> list[str]:
    message: dict[str, list[str]] = await communicator.receive_json_from(timeout=2 * GAP_S)
    return message["topics"]


async def notify(organization: Organization, *topics: str) -> None:
    await sync_to_async(live.notify)([organization.pk], topics)


async def test_a_member_hears_each_signal_of_billing(owner: User, acme: Organization) -> None:
    page = socket(owner)
    await page.connect()
    for signal, topics in (
        (usage_posted, ["balance", "requests", "usage"]),
        (balance_changed, ["balance"]),
        (refusals_posted, ["blocks", "requests"]),
    ):
        await sync_to_async(signal.send)(sender=None, organization_ids=frozenset({acme.pk}))
        assert await hint(page) == topics
    await page.disconnect()


@pytest.mark.parametrize("groups", [1, live.GROUPS])
async def test_changes_of_others_are_not_heard_even_in_the_same_group(
    owner: User,
    acme: Organization,
    globex: Organization,
    groups: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "GROUPS", groups)
    page = socket(owner)
    await page.connect()
    await notify(globex, "balance")
    await notify(acme, "usage")
    assert await hint(page) == ["usage"]
    await page.disconnect()


async def test_a_burst_becomes_two_messages_a_second_apart(owner: User, acme: Organization) -> None:
    page = socket(owner)
    await page.connect()
    started = asyncio.get_running_loop().time()
    for topic in ("usage", "balance", "blocks", "balance"):
        await notify(acme, topic)
    heard = [*await hint(page), *await hint(page)]
    assert sorted(heard) == ["balance", "blocks", "usage"]
    assert asyncio.get_running_loop().time() - started >= 0.9 * GAP_S
    await page.disconnect()


@pytest.fixture
def lone(site: Site) -> User:
    """A login without an organization."""
    return User.objects.create_user("lone@example.com")


@pytest.fixture
def closed(acme: Organization) -> User:
    """A member whose login was closed."""
    user = User.objects.create_user("gone@example.com", is_active=False)
    Membership.objects.create(organization=acme, user=user, role=Role.OWNER)
    return user


async def refused(communicator: WebsocketCommunicator) -> bool:
    await communicator.connect()
    message = await communicator.receive_output(timeout=2)
    await communicator.disconnect()
    return (message["type"], message.get("code")) == ("websocket.close", CLOSE_NOT_ALLOWED)


async def test_strangers_other_origins_and_other_sites_are_turned_away(
    owner: User, lone: User, closed: User
) -> None:
    assert await refused(socket(None))
    assert await refused(socket(lone))
    assert await refused(socket(closed))
    assert await refused(socket(owner, origin="https://evil.example"))
    assert await refused(socket(owner, origin=""))
    assert await refused(socket(owner, host="other.example", origin="http://other.example"))
