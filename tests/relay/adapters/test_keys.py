"""The key directory: what it remembers, for how long, and what an outage of Postgres changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from accounts import api_keys
from accounts.api_keys import Minted
from accounts.models import ApiKey, Organization
from billing.gate.types import UNLIMITED, Limits
from billing.models import OrganizationPlan, Plan, SiteTerms
from relay.adapters import keys as keys_module
from relay.adapters.keys import CachedKeyDirectory
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Caller, Standing
from tests.factories import accounts
from tests.relay.adapters.listening import database_url
from tests.relay.proxy.test_client_leaving import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def minted() -> Minted:
    return api_keys.mint(accounts.organization("Acme"), name="k", concurrency=7)


@pytest.fixture
def directory() -> CachedKeyDirectory:
    """One that hears of changes."""
    made = CachedKeyDirectory()
    made.is_pushed = True
    return made


async def write(key: ApiKey, **fields: object) -> None:
    """Change the key's row behind the directory's back."""
    row = ApiKey.objects.filter(pk=key.pk)
    await database_sync_to_async(row.update)(**fields)


async def revoke_unheard(key: ApiKey) -> None:
    await write(key, revoked_at=timezone.now())


@asynccontextmanager
async def postgres_stuck() -> AsyncIterator["psycopg.AsyncConnection[tuple[int]]"]:
    """Nobody can read keys inside the block; gives the connection that is in the way."""
    async with await psycopg.AsyncConnection.connect(database_url()) as link:
        await link.execute("LOCK TABLE accounts_apikey IN ACCESS EXCLUSIVE MODE")
        yield link
        await link.rollback()


async def waiting(link: "psycopg.AsyncConnection[tuple[int]]") -> None:
    """Until somebody waits for the key table."""

    async def is_waiting() -> bool:
        locks = await link.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return await locks.fetchone() != (0,)

    await until(is_waiting)


async def standing(directory: CachedKeyDirectory, minted: Minted) -> Standing:
    found = await directory.find(minted.secret)
    assert found is not None
    return found.standing


async def test_a_secret_leads_to_its_key_organization_and_rights(
    directory: CachedKeyDirectory, minted: Minted
) -> None:
    found = await directory.find(minted.secret)
    assert found is not None
    assert (found.key_id, found.organization_id) == (minted.key.pk, "org_acme")
    assert (found.site_id, found.standing) == (accounts.SITE, Standing.ACTIVE)
    assert found.rights.key_limits == Limits(concurrency=7)
    assert found.rights.organization_limits == UNLIMITED
    assert (found.allowed_models, found.expires_at) == (None, None)


async def test_the_organizations_own_plan_counts_before_the_sites(
    directory: CachedKeyDirectory, minted: Minted
) -> None:
    def put_on(*, own: bool) -> None:
        organization = Organization.objects.get(pk="org_acme")
        plan = Plan.objects.create(id="own" if own else "sites", concurrency=1 if own else 2)
        if own:
            OrganizationPlan.objects.create(organization=organization, plan=plan)
        else:
            SiteTerms.objects.create(site=organization.site, plan=plan)

    for own, expected in ((False, 2), (True, 1)):
        await database_sync_to_async(put_on)(own=own)
        directory.forget_all()
        found = await directory.find(minted.secret)
        assert found is not None
        assert found.rights.organization_limits == Limits(concurrency=expected)


async def test_what_was_found_is_remembered_until_it_is_forgotten(
    directory: CachedKeyDirectory, minted: Minted
) -> None:
    assert await standing(directory, minted) is Standing.ACTIVE
    await revoke_unheard(minted.key)
    assert await standing(directory, minted) is Standing.ACTIVE
    directory.forget_key("another")
    assert await standing(directory, minted) is Standing.ACTIVE
    directory.forget_key(minted.key.pk)
    assert await standing(directory, minted) is Standing.REVOKED


@pytest.mark.parametrize("way", ["organization", "all"])
async def test_forgetting_more_forgets_the_key_too(
    directory: CachedKeyDirectory, minted: Minted, way: str
) -> None:
    await standing(directory, minted)
    await revoke_unheard(minted.key)
    if way == "all":
        directory.forget_all()
    else:
        directory.forget_organization("org_acme")
    assert await standing(directory, minted) is Standing.REVOKED


async def test_without_the_push_an_entry_is_trusted_for_less_long(
    directory: CachedKeyDirectory, minted: Minted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "UNPUSHED_FRESH_S", 0.0)
    await standing(directory, minted)
    await revoke_unheard(minted.key)
    assert await standing(directory, minted) is Standing.ACTIVE
    directory.is_pushed = False
    assert await standing(directory, minted) is Standing.REVOKED


async def test_an_unknown_secret_is_remembered_for_a_moment(
    directory: CachedKeyDirectory, minted: Minted, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(minted.key, secret_hash=b"x" * 32)
    assert await directory.find(minted.secret) is None
    await write(minted.key, secret_hash=api_keys.hash_secret(minted.secret))
    assert await directory.find(minted.secret) is None
    monkeypatch.setattr(keys_module, "UNKNOWN_FRESH_S", 0.0)
    assert await directory.find(minted.secret) is not None


async def test_all_who_ask_at_once_share_one_look_up(
    directory: CachedKeyDirectory, minted: Minted
) -> None:
    found = await asyncio.gather(*[directory.find(minted.secret) for _ in range(20)])
    assert all(each is found[0] for each in found)


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others(
    directory: CachedKeyDirectory, minted: Minted
) -> None:
    first = asyncio.ensure_future(directory.find(minted.secret))
    second = asyncio.ensure_future(directory.find(minted.secret))
    await asyncio.sleep(0)  # both wait now
    first.cancel()
    assert await second is not None


async def test_a_change_during_the_look_up_is_not_missed(
    directory: CachedKeyDirectory, minted: Minted
) -> None:
    asking: asyncio.Task[Caller | None]
    async with postgres_stuck() as link:
        asking = asyncio.ensure_future(directory.find(minted.secret))
        await waiting(link)
        directory.forget_key(minted.key.pk)
    assert await asking is not None
    await revoke_unheard(minted.key)
    assert await standing(directory, minted) is Standing.REVOKED


async def test_with_postgres_stuck_known_keys_go_on_and_others_get_a_503(
    directory: CachedKeyDirectory, minted: Minted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "LOAD_TIMEOUT_S", 0.2)
    await standing(directory, minted)
    directory.forget_all()
    async with postgres_stuck():
        assert await standing(directory, minted) is Standing.ACTIVE
        with pytest.raises(ApiError) as caught:
            await directory.find("sk-unknown")
        assert caught.value.cause is Cause.GATE_UNAVAILABLE


async def test_with_postgres_stuck_a_key_that_changed_is_not_trusted(
    directory: CachedKeyDirectory, minted: Minted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "LOAD_TIMEOUT_S", 0.2)
    await standing(directory, minted)
    directory.forget_key(minted.key.pk)
    async with postgres_stuck():
        with pytest.raises(ApiError) as caught:
            await directory.find(minted.secret)
        assert caught.value.cause is Cause.GATE_UNAVAILABLE


async def test_with_postgres_stuck_look_ups_do_not_pile_up(
    directory: CachedKeyDirectory, minted: Minted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "LOAD_TIMEOUT_S", 0.2)
    monkeypatch.setattr(keys_module, "LOADS_MAX", 2)
    async with postgres_stuck():
        asked = [directory.find(f"sk-{number}") for number in range(10)]
        given = await asyncio.gather(*asked, return_exceptions=True)
        assert [getattr(each, "cause", None) for each in given] == [Cause.GATE_UNAVAILABLE] * 10

    async def is_served() -> bool:
        try:
            return await standing(directory, minted) is Standing.ACTIVE
        except ApiError:
            return False  # those that were begun have not ended yet

    await until(is_served)


async def test_a_flood_of_secrets_does_not_fill_memory(
    directory: CachedKeyDirectory, minted: Minted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "ENTRIES_MAX", 3)
    for number in range(6):
        assert await directory.find(f"sk-{number}") is None
    assert len(directory._entries) == 3
