"""The listener: a change reaches the key directory at once, and a cut link is made up for."""

import time
from collections.abc import AsyncIterator

import psycopg
import pytest
from channels.db import database_sync_to_async

from accounts import api_keys, audit
from accounts.api_keys import Minted
from accounts.models import Organization
from billing.models import Plan
from relay.adapters import changes as changes_module
from relay.adapters.changes import Listener
from relay.adapters.keys import CachedKeyDirectory
from relay.proxy.types import Standing
from tests.factories import accounts
from tests.patience import promised
from tests.relay.adapters.listening import database_url
from tests.relay.proxy.test_client_leaving import until
from tests.relay.upstream.scripted_server import until as until_true

pytestmark = pytest.mark.django_db(transaction=True)
FORGOTTEN_S_MAX = promised(1.0)  # acceptance 22


@pytest.fixture
def minted() -> Minted:
    return api_keys.mint(accounts.organization("Acme"), name="k")


class House:
    """A directory that a listener tells of changes, and how often a reload was asked for."""

    def __init__(self, url: str) -> None:
        self.keys = CachedKeyDirectory()
        self.reloads = 0
        self.listener = Listener(url, self.keys, self.want_reload)

    def want_reload(self) -> None:
        self.reloads += 1

    async def standing(self, minted: Minted) -> Standing:
        found = await self.keys.find(minted.secret)
        assert found is not None
        return found.standing

    async def until_standing(self, minted: Minted, wanted: Standing) -> float:
        async def is_wanted() -> bool:
            return await self.standing(minted) is wanted

        return await until(is_wanted)


@pytest.fixture
async def house(minted: Minted, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(changes_module, "RECONNECT_S", 0.05)
    made = House(database_url())
    await made.listener.start()
    await until_true(lambda: made.keys.is_pushed)
    yield made
    await made.listener.stop()
    assert not made.keys.is_pushed


async def test_the_first_connection_reloads_what_may_have_been_missed(house: House) -> None:
    assert house.reloads == 1


async def test_a_revoked_key_is_refused_within_a_second(house: House, minted: Minted) -> None:
    assert await house.standing(minted) is Standing.ACTIVE
    await database_sync_to_async(api_keys.revoke)(minted.key, by=audit.command("test"))
    assert await house.until_standing(minted, Standing.REVOKED) < FORGOTTEN_S_MAX


async def test_a_suspended_organization_is_refused_within_a_second(
    house: House, minted: Minted
) -> None:
    assert await house.standing(minted) is Standing.ACTIVE
    acme = Organization.objects.filter(pk="org_acme")
    await database_sync_to_async(acme.update)(is_active=False)
    assert await house.until_standing(minted, Standing.SUSPENDED) < FORGOTTEN_S_MAX


async def test_a_change_of_the_catalog_asks_for_a_reload(house: House) -> None:
    before = house.reloads
    await database_sync_to_async(Plan.objects.create)(id="gold")
    await until_true(lambda: house.reloads > before)
    assert house.keys.is_pushed  # and the link was kept


async def test_no_change_is_missed_between_two_heartbeats(
    house: House, minted: Minted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_module, "HEARTBEAT_S", 0.02)
    for number in range(10):
        await house.standing(minted)
        wanted = Standing.DISABLED if number % 2 == 0 else Standing.ACTIVE
        is_active = wanted is Standing.ACTIVE
        await database_sync_to_async(api_keys.set_active)(
            minted.key, is_active=is_active, by=audit.command("test")
        )
        assert await house.until_standing(minted, wanted) < FORGOTTEN_S_MAX


async def test_a_cut_link_is_made_again_and_everything_asked_for_anew(
    house: House, minted: Minted
) -> None:
    assert await house.standing(minted) is Standing.ACTIVE
    before = house.reloads
    async with await psycopg.AsyncConnection.connect(database_url(), autocommit=True) as link:
        await link.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'tollgate-changes'"
        )
    await until_true(lambda: house.reloads > before and house.keys.is_pushed)
    started = time.monotonic()
    await database_sync_to_async(api_keys.revoke)(minted.key, by=audit.command("test"))
    await house.until_standing(minted, Standing.REVOKED)
    assert time.monotonic() - started < FORGOTTEN_S_MAX


async def test_while_postgres_is_away_nothing_counts_as_pushed(minted: Minted) -> None:
    away = House("postgresql://nobody@127.0.0.1:1/nothing")
    await away.listener.start()
    assert not away.keys.is_pushed
    await away.listener.stop()
    assert away.reloads == 0
