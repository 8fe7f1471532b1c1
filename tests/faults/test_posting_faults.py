"""Acceptance 4 and 5: whatever happens to workers, 10,000 events in are 10,000 records, each
charged once. Workers are processes of their own, on the session's Postgres and Valkey."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from redis import Redis

from accounts.models import ApiKey, Organization
from billing import audit, events, ledger, posting
from billing.gate import wire
from billing.gate.blocking import ASK_SERVER
from billing.gate.keys import hold_key, hold_keys
from billing.gate.scripts import ADMIT, SETTLE
from billing.gate.types import AdmitRequest, HoldRef, SettleRequest
from billing.models import LedgerEntry, UsageRecord
from billing.pricing import Buckets
from tests.factories.billing import UNIT, append_usage, default_price, usage_event
from tests.factories.threads import together
from tests.faults.cluster import READY_S, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

EVENTS = 10_000
CONTROL_EVENTS = 1_500
COST = 1_000  # 10 tokens at 0.1 per million
POSTER = Path(__file__).with_name("poster.py")
SEED = int(os.environ.get("POSTING_SEED", "11"))
PIPELINED = 500
LIFETIME_MS = 90_000

Cast = tuple[Organization, Organization]


@pytest.fixture
def cast(gate: Redis, acme: Organization, globex: Organization, acme_key: ApiKey) -> Cast:
    return acme, globex


def calls_of(cast: Cast, count: int) -> list[events.UsageEvent]:
    """Priced Calls, of both organizations by turns."""
    version, tokens = default_price(), Buckets(input=10)
    return [
        usage_event(cast[n % 2], version=version, tokens=tokens, hold_nanos=2 * COST)
        for n in range(count)
    ]


def ref_of(event: events.UsageEvent) -> HoldRef:
    return HoldRef(event.site, event.request_id, event.organization, "key", ())


def run_scripts(redis: Redis, made: Sequence[tuple[Any, list[Any], list[Any]]]) -> None:
    """The gate's own scripts, many at a time."""
    for script in {script.sha: script for script, _, _ in made}.values():
        redis.script_load(script.text)
    for start in range(0, len(made), PIPELINED):
        pipeline = redis.pipeline(transaction=False)
        for script, keys, args in made[start : start + PIPELINED]:
            pipeline.evalsha(script.sha, len(keys), *keys, *args, ASK_SERVER)
        pipeline.execute()


def admit(redis: Redis, calls: Sequence[events.UsageEvent]) -> None:
    made = []
    for call in calls:
        request = AdmitRequest(
            ref_of(call),
            input_nanos=2 * COST,
            output_tokens_cap=0,
            output_nanos_per_token=0,
            output_tokens_min=0,
            event=events.encode(call),
        )
        args = wire.admit_args(request, owner="feed", lifetime_ms=LIFETIME_MS)
        made.append((ADMIT, hold_keys(request.hold), args))
    run_scripts(redis, made)


def settle(redis: Redis, calls: Sequence[events.UsageEvent]) -> None:
    made = []
    for call in calls:
        request = SettleRequest(ref_of(call), COST, 10, "completed", events.encode(call))
        made.append((SETTLE, hold_keys(request.hold), wire.settle_args(request)))
    run_scripts(redis, made)


def post(
    cast: Cast,
    mode: str,
    *,
    times: int = 0,
    batch_events: int,
    batch_tries: int = posting.BATCH_TRIES,
    workers: int = 1,
) -> Any:
    """Run the poster; what it printed."""
    order = {
        "site": cast[0].site_id,
        "mode": mode,
        "seed": SEED,
        "times": times,
        "batch_events": batch_events,
        "batch_tries": batch_tries,
        "workers": workers,
    }
    url = urlsplit(os.environ["DATABASE_URL"])
    name = str(connection.settings_dict["NAME"])
    env = os.environ | {"DATABASE_URL": url._replace(path=f"/{name}").geturl()}
    done = subprocess.run(
        [sys.executable, str(POSTER), json.dumps(order)],
        env=env | {"PGAPPNAME": "poster"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def charged_nanos() -> int:
    entries = LedgerEntry.objects.filter(
        transaction__kind="charge", account__organization__isnull=False
    )
    return -sum(entries.values_list("amount_nanos", flat=True))


def assert_each_is_charged_once(cast: Cast, count: int) -> None:
    assert UsageRecord.objects.count() == count
    assert charged_nanos() == count * COST
    for organization, units in zip(cast, (100, 50), strict=True):
        assert ledger.balance_nanos(organization.pk) == units * UNIT - count // 2 * COST
    report = audit.run()
    assert report.is_ok, report.as_json()


def test_workers_killed_100_times_lose_nothing_and_post_nothing_twice(
    gate: Redis, cast: Cast
) -> None:
    calls = calls_of(cast, EVENTS)
    admit(gate, calls)
    settle(gate, calls)
    told = post(cast, "kill", times=100, batch_events=50)
    # Most kills took a batch down with its worker.
    assert told["mid_batch"] >= 30, told
    assert_each_is_charged_once(cast, EVENTS)


def test_control_workers_that_acknowledge_first_lose_calls_when_killed(
    gate: Redis, cast: Cast
) -> None:
    settle(gate, calls_of(cast, CONTROL_EVENTS))
    post(cast, "kill_careless", times=10, batch_events=100)
    assert UsageRecord.objects.count() < CONTROL_EVENTS


def test_backends_terminated_in_their_transaction_lose_nothing(gate: Redis, cast: Cast) -> None:
    settle(gate, calls_of(cast, EVENTS))
    told = post(cast, "terminate", times=20, batch_events=100, workers=2)
    assert told["terminated"] >= 5, told
    assert_each_is_charged_once(cast, EVENTS)


def deliveries(calls: Sequence[events.UsageEvent]) -> list[events.UsageEvent]:
    """Each one to five times, in any order."""
    dice = random.Random(SEED)
    copies = [call for call in calls for _ in range(dice.randint(1, 5))]
    dice.shuffle(copies)
    return copies


def deliver(redis: Redis, copies: Sequence[events.UsageEvent]) -> None:
    """Settle again and again, as relays do for a gate that has forgotten the Call."""
    forgotten: set[str] = set()
    batch: list[events.UsageEvent] = []
    for copy in copies:
        if copy.request_id in forgotten:
            settle(redis, batch)
            redis.delete(*[hold_key(each.site, each.request_id) for each in batch])
            batch, forgotten = [], set()
        batch.append(copy)
        forgotten.add(copy.request_id)
    settle(redis, batch)


# With three tries batches lose all of them, and only halves get on.
@pytest.mark.parametrize("batch_tries", [posting.BATCH_TRIES, 3])
def test_every_event_delivered_one_to_five_times_to_four_workers_is_posted_once(
    gate: Redis, cast: Cast, batch_tries: int
) -> None:
    calls = calls_of(cast, EVENTS)
    deliver(gate, deliveries(calls))
    assert gate.xlen(f"tg:{{{cast[0].site_id}}}:usage") > 2 * EVENTS
    post(cast, "together", batch_events=500, batch_tries=batch_tries, workers=4)
    assert_each_is_charged_once(cast, EVENTS)


def test_control_without_the_look_for_earlier_records_customers_pay_twice(
    gate: Redis, cast: Cast
) -> None:
    deliver(gate, deliveries(calls_of(cast, CONTROL_EVENTS)))
    post(cast, "unguarded", batch_events=50, workers=1)
    assert charged_nanos() > CONTROL_EVENTS * COST
    assert "I4-usage" in {each.id for each in audit.run().findings if not each.is_ok}


def test_a_deadlock_with_somebody_else_is_waited_out(gate: Redis, cast: Cast) -> None:
    """The other has globex' account and wants acme's; posting has acme's and wants globex'."""
    first, second = sorted(
        LedgerEntry.objects.filter(account__organization__in=cast).values_list(
            "account_id", flat=True
        )
    )
    for call in calls_of(cast, 20):
        append_usage(call, debited_nanos=COST)
    name = str(connection.settings_dict["NAME"])
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    lock = "SELECT FROM billing_ledgeraccount WHERE id = %s FOR UPDATE"
    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as watcher:
        # Postgres ends the one that has waited longer: posting.
        other.execute(lock, [second])

        def cross() -> int:
            wait_until(lambda: _waits(watcher), timeout_s=READY_S)
            try:
                other.execute(lock, [first])
                other.commit()
            except psycopg.errors.DeadlockDetected:
                other.rollback()  # on a starved machine the other may have waited longer
            return 0

        done = together([lambda: posting.drain(cast[0].site_id, "w", until_s=0), cross])
    assert done == [20, 0]
    assert_each_is_charged_once(cast, 20)


def _waits(watcher: "psycopg.Connection[Any]") -> bool:
    """Whether a backend of this database waits for another's row lock."""
    rows = watcher.execute(
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    return bool(rows.fetchall())
