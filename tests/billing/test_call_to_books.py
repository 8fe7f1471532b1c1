"""A Call through the real gate into the books: held, ended, posted, audited."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from django.conf import settings
from redis import Redis

from accounts.models import ApiKey, Organization
from billing import audit, balances, events, posting, reaper
from billing.gate.client import RedisClient
from billing.gate.gate import Gate
from billing.gate.types import AdmitRequest, Admitted, HoldRef, RenewRequest, SettleRequest
from billing.models import UsageRecord
from billing.pricing import Buckets
from tests.factories.billing import UNIT, default_price, usage_event

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")

TOKENS = Buckets(input=1000)
COST = 100_000
HELD = 150_000
# Short enough to wait for; the reaper looks at Redis' own clock.
LIFETIME_MS = 20


def at_gate(act: Callable[[Gate], Awaitable[T]], *, lifetime_ms: int = 90_000) -> T:
    async def run() -> T:
        client = RedisClient(settings.REDIS_URL)
        try:
            return await act(Gate(client, owner="relay-1", hold_lifetime_ms=lifetime_ms))
        finally:
            await client.close()

    return asyncio.run(run())


def hold_of(organization: Organization, key: ApiKey) -> HoldRef:
    return HoldRef(organization.site_id, "req_1", organization.pk, key.pk)


def admission(hold: HoldRef, event: bytes) -> AdmitRequest:
    return AdmitRequest(
        hold, input_nanos=HELD, output_tokens_cap=0, output_nanos_per_token=0, event=event
    )


def events_of(organization: Organization, key: ApiKey) -> tuple[bytes, bytes]:
    """At admission, when nothing is used yet, and at the end."""
    version = default_price()
    common = {"request_id": "req_1", "key": key, "version": version, "cost_nanos": 0}
    start = usage_event(organization, **common, ending="reaped", status=0)  # type: ignore[arg-type]
    end = usage_event(organization, **common, tokens=TOKENS)  # type: ignore[arg-type]
    return events.encode(start), events.encode(end)


def drain(organization: Organization) -> None:
    posting.drain(organization.site_id, "worker", until_s=time.monotonic() + 5)
    report = audit.run()
    assert report.is_ok, report.as_json()


def reap(organization: Organization) -> None:
    deadline = time.monotonic() + 5
    while not reaper.reap(organization.site_id):
        assert time.monotonic() < deadline


def test_a_settled_call_costs_its_price(gate: Redis, acme: Organization, acme_key: ApiKey) -> None:
    hold = hold_of(acme, acme_key)
    start, end = events_of(acme, acme_key)
    assert isinstance(at_gate(lambda gate: gate.admit(admission(hold, start))), Admitted)
    during = balances.read(acme)
    assert (during.held_nanos, during.available_nanos) == (HELD, 100 * UNIT - HELD)
    at_gate(lambda gate: gate.settle(SettleRequest(hold, COST, 0, "completed", end)))
    after = balances.Balance(100 * UNIT, 0, 100 * UNIT - COST, is_live=True)
    assert balances.read(acme) == after
    drain(acme)
    assert balances.read(acme).posted_nanos == 100 * UNIT - COST
    assert UsageRecord.objects.get().ending == "completed"


def test_a_dead_relay_s_call_costs_its_checkpoint(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    hold = hold_of(acme, acme_key)
    start, end = events_of(acme, acme_key)
    at_gate(lambda gate: gate.admit(admission(hold, start)))
    at_gate(lambda gate: gate.renew(RenewRequest(hold, COST, end)), lifetime_ms=LIFETIME_MS)
    reap(acme)
    drain(acme)
    record = UsageRecord.objects.get()
    assert (record.ending, record.charge_nanos) == ("reaped", COST)


@pytest.mark.parametrize("is_posted_between", [True, False])
def test_a_call_that_is_settled_after_it_was_reaped_is_charged_once_as_late(
    gate: Redis, acme: Organization, acme_key: ApiKey, is_posted_between: bool
) -> None:
    hold = hold_of(acme, acme_key)
    start, end = events_of(acme, acme_key)
    at_gate(lambda gate: gate.admit(admission(hold, start)), lifetime_ms=LIFETIME_MS)
    reap(acme)
    if is_posted_between:
        drain(acme)
    for _ in range(2):
        at_gate(lambda gate: gate.settle(SettleRequest(hold, COST, 0, "completed", end)))
    drain(acme)
    record = UsageRecord.objects.get()
    assert (record.ending, record.is_late, record.charge_nanos) == ("completed", True, COST)
    assert balances.read(acme).available_nanos == 100 * UNIT - COST


def test_what_nobody_can_pay_is_written_off(
    gate: Redis, zero: Organization, acme_key: ApiKey
) -> None:
    """A settle that the gate had forgotten, on an empty balance."""
    hold = hold_of(zero, acme_key)
    _, end = events_of(zero, acme_key)
    at_gate(lambda gate: gate.settle(SettleRequest(hold, COST, 0, "completed", end)))
    drain(zero)
    record = UsageRecord.objects.get()
    assert (record.charge_nanos, record.written_off_nanos) == (0, COST)
    assert balances.read(zero).posted_nanos == 0
