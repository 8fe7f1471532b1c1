"""A closed gate opens with exactly what the books, the stream and open Holds leave available."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from redis import Redis

from accounts.models import Organization
from billing import audit, balances, connections, credits, gates, posting, site_locks, usage_rows
from billing.gate.keys import organization_key
from billing.gate.types import Balance as GateBalance
from billing.models import UsageRecord
from billing.pricing import Buckets
from tests.factories.billing import UNIT, append_usage, default_price, usage_event
from tests.factories.threads import together

transactional = pytest.mark.django_db(transaction=True)
TOKENS = Buckets(input=1000)
COST = 100_000


def use(organization: Organization, times: int = 1) -> None:
    for _ in range(times):
        event = usage_event(organization, version=default_price(), tokens=TOKENS)
        append_usage(event, debited_nanos=COST)


@transactional
def test_a_gate_whose_redis_was_emptied_opens_with_the_posted_balances(
    gate: Redis, acme: Organization, zero: Organization
) -> None:
    gate.flushall()
    assert not balances.read(acme).is_live
    assert gates.open_gates() == 1
    assert balances.read(acme) == balances.Balance(100 * UNIT, 0, 100 * UNIT, is_live=True)
    assert balances.read(zero).available_nanos == 0


@transactional
def test_an_open_gate_is_left_alone(gate: Redis, acme: Organization) -> None:
    gate.hset(organization_key(acme.site_id, acme.pk), "available", 7)
    assert gates.open_gates() == 0
    assert balances.read(acme).available_nanos == 7


@transactional
def test_a_rebuild_takes_off_what_is_used_but_not_posted_and_what_is_held(
    gate: Redis, acme: Organization
) -> None:
    use(acme, 3)
    gate.hincrby(organization_key(acme.site_id, acme.pk), "held", 40)
    gate.hset(organization_key(acme.site_id, acme.pk), "available", 5)  # drifted
    assert gates.rebuild(acme.site_id)
    assert balances.read(acme).available_nanos == 100 * UNIT - 3 * COST - 40


@transactional
def test_a_rebuild_repairs_a_wrong_sum_of_unposted_usage(gate: Redis, acme: Organization) -> None:
    use(acme, 3)
    stream = connections.usage_stream(acme.site_id)
    stream.create_group()
    batch = stream.read_batch("dead", 1)
    posting._book_or_halve(acme.site_id, [usage_rows.read(acme.site_id, batch[0])], [])
    for wrong in (7, 0, 10 * COST):
        gate.hset(organization_key(acme.site_id, acme.pk), "unposted", wrong)
        assert gates.rebuild(acme.site_id)
        balance = connections.steward().read_balance(acme.site_id, acme.pk)
        # one of the three is booked: it left `posted` and waits for its acknowledgement only
        assert balance == GateBalance(100 * UNIT - 3 * COST, 0, 3 * COST, 0)
        assert audit.run().is_ok
    stream.reclaim("w", 10, idle_ms=0)
    posting.post_batch(acme.site_id, batch)
    assert posting.drain(acme.site_id, "w", until_s=0) == 2
    assert connections.steward().read_balance(acme.site_id, acme.pk).unposted_nanos == 0
    assert audit.run().is_ok


@transactional
def test_what_is_posted_and_not_acknowledged_counts_once(gate: Redis, acme: Organization) -> None:
    use(acme, 3)
    stream = connections.usage_stream(acme.site_id)
    stream.create_group()
    batch = stream.read_batch("dead", 2)
    usages = [usage_rows.read(acme.site_id, event) for event in batch]
    posting._book_or_halve(acme.site_id, usages, [])  # and the worker dies
    assert UsageRecord.objects.count() == 2
    assert gates.rebuild(acme.site_id)
    assert balances.read(acme).available_nanos == 100 * UNIT - 3 * COST


@transactional
def test_a_credit_that_waits_counts_once(gate: Redis, zero: Organization) -> None:
    connections.steward().close(zero.site_id)
    credits.top_up(zero, amount_nanos=UNIT, reason="", external_id="pay-1")
    assert gates.open_gates() == 1
    credits.apply_waiting()
    assert balances.read(zero).available_nanos == UNIT


@transactional
def test_a_gate_stays_closed_while_somebody_posts(gate: Redis, acme: Organization) -> None:
    with site_locks.posting(acme.site_id) as is_held:
        assert is_held
        assert together([lambda: gates.rebuild(acme.site_id)]) == [False]
    assert gates.open_gates() == 1


@transactional
def test_nobody_posts_while_a_gate_is_rebuilt(gate: Redis, acme: Organization) -> None:
    use(acme)
    with site_locks.rebuilding(acme.site_id):
        assert together([lambda: posting.drain(acme.site_id, "w", until_s=0)]) == [0]
    assert posting.drain(acme.site_id, "w", until_s=0) == 1


@transactional
def test_the_command_rebuilds_a_gate(gate: Redis, acme: Organization) -> None:
    gate.hincrby(organization_key(acme.site_id, acme.pk), "available", 1)
    out = StringIO()
    call_command("rebuild_gate", acme.site_id, stdout=out)
    assert json.loads(out.getvalue()) == {"id": acme.site_id, "ok": True}
    assert audit.run().is_ok
