"""Calls that are paid when what they made is ready: on a real gate, in the real books."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
import pytest
from channels.db import database_sync_to_async
from redis import Redis

from accounts.models import Organization
from billing import audit, gates, posting
from billing.gate.gate import Gate
from billing.models import UsageRecord
from billing.price_versions import PriceVersion
from billing.prices import version_of
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from relay import deferred, objects
from relay.adapters import jobs
from relay.adapters.credit import GateCredit
from relay.adapters.objects import Objects
from relay.adapters.price_lists import PriceList
from relay.models import DeferredCall, Upstream, UpstreamObject
from relay.proxy.errors import ApiError, Cause
from relay.proxy.objects import Job, ObjectKind, ObjectState, StoredObject
from relay.proxy.types import Call, Ending, Usage
from tests.factories.billing import default_price
from tests.relay.adapters.conftest import Link
from tests.relay.adapters.test_credit import UNIT, call, figures
from tests.relay.proxy import fakes

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")

SECONDS = 10
PER_SECOND = UNIT // 100
CHARGE = SECONDS * PER_SECOND
DOCUMENT = b'{"id":"video_1","status":"queued"}'
DONE = b'{"id":"video_1","status":"completed"}'


@pytest.fixture
def shelf(link: Link) -> Objects:
    return Objects(Gate(link, owner="test", hold_lifetime_ms=deferred.HOLD_LIFETIME_MS))


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    with running(Options("demo", api_key="sk-upstream")) as upstream:
        yield upstream


@dataclass(slots=True)
class Studio:
    """Begins videos as a relay does."""

    acme: Organization
    credit: GateCredit
    shelf: Objects
    redis: Redis
    version: PriceVersion

    async def begin(self, upstream_object: str = "up_1") -> StoredObject:
        made = self._call()
        await self.credit.admit(made)
        made.route, made.ending, made.status = fakes.route("http://127.0.0.1/v1"), *COMPLETED
        usage = Usage(other={"seconds": SECONDS})
        job = Job("video_1", ObjectState.PENDING, upstream_object, DOCUMENT, usage)
        kept = await self.shelf.begin(made, job)
        self.credit.let_go(made)
        return kept

    def _call(self) -> Call:
        prices = PriceList(self.version)
        return call(
            self.acme,
            offer=fakes.offer(price=prices),
            request_id="req_video",
            endpoint="videos",
            units={"seconds": SECONDS},
            output_tokens_cap=0,
            input_tokens_bound=0,
            input_tokens_guess=0,
            is_clampable=False,
            admitted_at_ms=time.time_ns() // 1_000_000,
        )

    def money(self) -> tuple[int, int]:
        return figures(self.acme, self.redis)

    async def post(self) -> list[UsageRecord]:
        """Books what the gate was told; the audit must agree."""
        return await database_sync_to_async(self._post)()

    def _post(self) -> list[UsageRecord]:
        posting.drain(self.acme.site_id, "worker", until_s=time.monotonic() + 5)
        report = audit.run()
        assert report.is_ok, report.as_json()
        return list(UsageRecord.objects.all())


COMPLETED = (Ending.COMPLETED, 200)


@pytest.fixture
async def studio(credit: GateCredit, shelf: Objects, acme: Organization, gate: Redis) -> Studio:
    row = await rows(default_price, "small", {"seconds": PER_SECOND})
    return Studio(acme, credit, shelf, gate, version_of(row))


async def rows(function: Any, *args: Any, **kwargs: Any) -> Any:
    return await database_sync_to_async(function)(*args, **kwargs)


async def due_now() -> None:
    await rows(DeferredCall.objects.update, next_look_at=datetime.now(UTC))


async def test_the_hold_outlives_the_answer_and_the_end_is_charged_once(studio: Studio) -> None:
    before, _ = studio.money()
    kept = await studio.begin()
    assert studio.money() == (before - CHARGE, CHARGE)
    ends = [studio.shelf.conclude(kept, ObjectState.COMPLETED, DONE) for _ in range(5)]
    assert {each.state for each in await asyncio.gather(*ends)} == {ObjectState.COMPLETED}
    assert studio.money() == (before - CHARGE, 0)
    (record,) = await studio.post()
    assert (record.charge_nanos, record.quantities) == (CHARGE, {"seconds": SECONDS})
    assert (record.endpoint, record.ending, record.status) == ("videos", "completed", 200)


async def test_the_first_end_that_is_seen_counts(studio: Studio) -> None:
    before, _ = studio.money()
    kept = await studio.begin()
    await studio.shelf.conclude(kept, ObjectState.FAILED, DOCUMENT)
    later = await studio.shelf.conclude(kept, ObjectState.COMPLETED, DONE)
    assert later.state is ObjectState.FAILED
    assert studio.money() == (before, 0)
    (record,) = await studio.post()
    assert (record.charge_nanos, record.ending) == (0, "upstream_failed")
    assert (record.quantities, record.cost_nanos) == ({}, 0)


async def test_what_the_gate_did_not_hear_is_told_again_until_it_is_on_record(
    studio: Studio, link: Link
) -> None:
    before, _ = studio.money()
    kept = await studio.begin()
    link.down = True
    ended = await studio.shelf.conclude(kept, ObjectState.COMPLETED, DONE)
    assert ended.state is ObjectState.COMPLETED
    link.down = False
    assert studio.money() == (before - CHARGE, CHARGE)
    for _ in range(2):  # told twice: charged once
        await due_now()
        assert await jobs.look_after() == 1
    assert studio.money() == (before - CHARGE, 0)
    (record,) = await studio.post()
    assert record.charge_nanos == CHARGE
    await due_now()
    await jobs.look_after()
    assert not await rows(DeferredCall.objects.exists)
    await studio.post()


async def test_redis_that_lost_everything_holds_again_what_is_open(studio: Studio) -> None:
    before, _ = studio.money()
    kept = await studio.begin()
    studio.redis.flushall()
    await rows(gates.open_gates)
    assert studio.money() == (before, 0)
    owed = await rows(deferred.find, kept.id)
    await studio.shelf.renew(owed)
    assert studio.money() == (before - CHARGE, CHARGE)
    await studio.shelf.conclude(kept, ObjectState.COMPLETED, DONE)
    (record,) = await studio.post()
    assert record.charge_nanos == CHARGE


@pytest.mark.parametrize(("directive", "charge"), [("", CHARGE), (" fault=failed", 0)])
async def test_a_worker_sees_the_end_that_nobody_asks_for(
    studio: Studio, demo: Running, directive: str, charge: int
) -> None:
    await rows(_upstream, demo)
    before, _ = studio.money()
    await studio.begin(_made_at(demo, f"[[demo:polls=2{directive}]] a cat"))
    for _ in range(2):
        await due_now()
        await rows(UpstreamObject.objects.update, looked_at=None)
        await jobs.look_after()
    assert studio.money() == (before - charge, 0)
    (record,) = await studio.post()
    assert record.charge_nanos == charge


async def test_a_job_without_end_is_released_after_its_day(studio: Studio, demo: Running) -> None:
    await rows(_upstream, demo)
    before, _ = studio.money()
    await studio.begin(_made_at(demo, "[[demo:polls=1000]] a cat"))
    await rows(DeferredCall.objects.update, gives_up_at=datetime.now(UTC))
    await due_now()
    await jobs.look_after()
    assert studio.money() == (before, 0)
    (found,) = await rows(list, UpstreamObject.objects.all())
    assert (found.state, msgspec.json.decode(bytes(found.document))["status"]) == (
        "expired",
        "failed",
    )


async def test_an_upstream_that_is_gone_changes_nothing_yet(studio: Studio) -> None:
    await studio.begin()
    await due_now()
    assert await jobs.look_after() == 1
    assert (await rows(deferred.find, "video_1")).outcome == ""


async def test_a_stranger_finds_nothing(studio: Studio, globex: Organization) -> None:
    kept = await studio.begin()
    own = fakes.caller(organization_id=studio.acme.pk, site_id=studio.acme.site_id)
    assert (await studio.shelf.find(own, ObjectKind.VIDEO, kept.id)).id == kept.id
    strangers = [
        replace(own, organization_id=globex.pk),
        replace(own, site_id="other"),
    ]
    for stranger in strangers:
        with pytest.raises(ApiError) as caught:
            await studio.shelf.find(stranger, ObjectKind.VIDEO, kept.id)
        assert caught.value.cause is Cause.OBJECT_NOT_FOUND
        page = await studio.shelf.page(
            stranger, ObjectKind.VIDEO, after="", limit=20, is_ascending=False
        )
        assert page.objects == ()


async def test_what_is_over_is_dropped_but_not_what_is_owed(studio: Studio) -> None:
    kept = await studio.begin()
    await studio.shelf.forget(kept)
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert await rows(objects.drop_expired, later) == 0
    await rows(DeferredCall.objects.all().delete)
    assert await rows(objects.drop_expired, later) == 1


def test_looks_grow_apart_but_never_beyond_a_bound() -> None:
    pauses = [deferred.pause(looks) // timedelta(milliseconds=1) for looks in range(1_000)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (deferred.LOOK_FIRST_MS, deferred.LOOK_MAX_MS)


def _upstream(demo: Running) -> None:
    row = Upstream(id="one", base_url=demo.base_url)
    row.set_credential("sk-upstream")
    row.save()


def _made_at(demo: Running, prompt: str) -> str:
    """The upstream's id of a job that was begun there."""
    import httpx

    answer = httpx.post(
        f"{demo.base_url}/videos",
        json={"model": "m", "prompt": prompt, "duration": SECONDS},
        headers={"authorization": "Bearer sk-upstream"},
        trust_env=False,
    )
    return str(answer.json()["id"])
