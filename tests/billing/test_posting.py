"""Usage reaches the books once per Call, whatever is delivered twice, late, spoiled or cut off."""

import random
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from redis import Redis

from accounts.models import ApiKey, Organization
from billing import audit, balances, connections, ledger, posting
from billing.gate.errors import GateClosed
from billing.gate.keys import epoch_key
from billing.gate.types import UsageEvent
from billing.models import LedgerEntry, LedgerTransaction, QuarantinedEvent, UsageRecord
from billing.pricing import Buckets
from billing.signals import usage_posted
from tests.factories.billing import UNIT, append_usage, default_price, usage_event
from tests.factories.threads import together

transactional = pytest.mark.django_db(transaction=True)
TOKENS = Buckets(input=1000, cached_input=100, output=200)
COST = 205_000  # 1000 x 0.1 + 100 x 0.05 + 200 x 0.5 per million


def drain(organization: Organization, consumer: str = "worker-1") -> int:
    return posting.drain(organization.site_id, consumer, until_s=time.monotonic() + 30)


def call(organization: Organization, key: ApiKey | None = None, **changes: object) -> str:
    """One priced Call whose event waits in the stream; its request id."""
    event = usage_event(
        organization,
        key=key,
        version=default_price(),
        tokens=TOKENS,
        **changes,  # type: ignore[arg-type]
    )
    append_usage(event, debited_nanos=COST)
    return event.request_id


def assert_books_are_right() -> None:
    report = audit.run()
    assert report.is_ok, report.as_json()


@transactional
def test_a_call_becomes_a_record_and_a_charge(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    request_id = call(acme, acme_key)
    assert drain(acme) == 1
    record = UsageRecord.objects.get(pk=request_id)
    assert record.charge_nanos == COST
    assert record.input_tokens == 1000
    assert [line["bucket"] for line in record.lines] == ["input", "cached_input", "output"]
    assert record.attempts[0]["upstream"] == "demo"
    assert record.passed is None
    assert record.ledger_transaction is not None
    assert ledger.balance_nanos(acme.pk) == 100 * UNIT - COST
    assert balances.read(acme).available_nanos == 100 * UNIT - COST
    acme_key.refresh_from_db()
    assert acme_key.last_used_at == record.ended_at
    assert_books_are_right()


@transactional
def test_what_a_call_passed_over_is_kept_beside_its_attempts(
    gate: Redis, acme: Organization
) -> None:
    request_id = call(acme, passed=(("vendor", "upstream_rests"), ("other", "full")))
    drain(acme)
    record = UsageRecord.objects.get(pk=request_id)
    assert record.passed == [["vendor", "upstream_rests"], ["other", "full"]]
    assert len(record.attempts) == 1


@transactional
def test_a_batch_makes_one_transaction_per_organization(
    gate: Redis, acme: Organization, globex: Organization
) -> None:
    for _ in range(3):
        call(acme)
        call(globex)
    drain(acme)
    assert LedgerTransaction.objects.filter(kind="charge").count() == 2
    entries = LedgerEntry.objects.filter(
        transaction__kind="charge", account__organization=acme
    ).values_list("amount_nanos", flat=True)
    assert list(entries) == [-3 * COST]
    assert_books_are_right()


@transactional
def test_revenue_shows_what_was_delivered_and_a_write_off_what_nobody_paid(
    gate: Redis, acme: Organization
) -> None:
    event = usage_event(acme, version=default_price(), tokens=TOKENS, cost_nanos=77)
    append_usage(event, debited_nanos=COST - 5, written_off_nanos=5)
    drain(acme)
    entries = LedgerEntry.objects.filter(transaction__kind="charge")
    assert dict(entries.values_list("account__kind", "amount_nanos")) == {
        "organization": -(COST - 5),
        "revenue": COST,
        "write_off": -5,
        "cost": 77,
        "payable": -77,
    }
    assert_books_are_right()


@transactional
def test_every_event_given_one_to_five_times_to_four_workers_is_posted_once(
    gate: Redis, acme: Organization, globex: Organization
) -> None:
    dice = random.Random(20)
    made = [
        usage_event(each, version=default_price(), tokens=TOKENS)
        for each in (acme, globex)
        for _ in range(150)
    ]
    copies = [event for event in made for _ in range(dice.randint(1, 5))]
    dice.shuffle(copies)
    for event in copies:
        append_usage(event, debited_nanos=COST)
    done = together([lambda name=f"w{n}": drain(acme, name) for n in range(4)])  # type: ignore[misc]
    assert sum(done) == len(copies)
    assert UsageRecord.objects.count() == 300
    for organization, units in ((acme, 100), (globex, 50)):
        assert balances.read(organization).available_nanos == units * UNIT - 150 * COST
    assert_books_are_right()


@transactional
def test_four_workers_that_post_the_same_batch_at_once_post_it_once(
    gate: Redis, acme: Organization, globex: Organization
) -> None:
    """What reclaiming may do when a worker was slow and not dead."""
    for _ in range(40):
        call(acme)
        call(globex)
    stream = connections.usage_stream(acme.site_id)
    stream.create_group()
    batch = stream.read_batch("slow", 500)
    halves = [batch, batch[::-1], batch[20:], batch[:60]]
    together([lambda part=part: posting.post_batch(acme.site_id, part) for part in halves])  # type: ignore[misc]
    assert UsageRecord.objects.count() == 80
    assert_books_are_right()


@transactional
@pytest.mark.parametrize("died", ["before the commit", "after the commit"])
def test_a_worker_that_died_is_made_good_by_the_next(
    gate: Redis, acme: Organization, monkeypatch: pytest.MonkeyPatch, died: str
) -> None:
    for _ in range(5):
        call(acme)
    stream = connections.usage_stream(acme.site_id)
    stream.create_group()
    batch = stream.read_batch("dead", 500)
    if died == "after the commit":
        epoch = gate.get(epoch_key(acme.site_id))
        connections.steward().close(acme.site_id)  # so that the acknowledgement fails
        with pytest.raises(GateClosed):
            posting.post_batch(acme.site_id, batch)
        gate.set(epoch_key(acme.site_id), epoch)  # type: ignore[arg-type]  # stubs: awaitable
        assert UsageRecord.objects.count() == 5
    monkeypatch.setattr(posting, "RECLAIM_IDLE_MS", 0)
    assert drain(acme, "next") == 5
    assert UsageRecord.objects.count() == 5
    assert ledger.balance_nanos(acme.pk) == 100 * UNIT - 5 * COST
    assert_books_are_right()


@transactional
def test_a_second_debit_for_the_same_call_goes_back_to_the_balance(
    gate: Redis, acme: Organization
) -> None:
    call(acme, request_id="req_1")
    call(acme, request_id="req_1")
    assert balances.read(acme).available_nanos == 100 * UNIT - 2 * COST
    drain(acme)
    assert balances.read(acme).available_nanos == 100 * UNIT - COST
    assert_books_are_right()


@transactional
@pytest.mark.parametrize("is_same_batch", [True, False])
def test_a_late_settle_replaces_what_the_reaper_left(
    gate: Redis, acme: Organization, is_same_batch: bool
) -> None:
    reaped = usage_event(acme, request_id="req_1", version=default_price(), cost_nanos=0)
    append_usage(reaped, debited_nanos=0, state="expired", ending="reaped")
    if not is_same_batch:
        drain(acme)
        assert UsageRecord.objects.get().ending == "reaped"
    late = usage_event(acme, request_id="req_1", version=default_price(), tokens=TOKENS)
    append_usage(late, debited_nanos=COST, state="late")
    drain(acme)
    record = UsageRecord.objects.get()
    assert (record.ending, record.is_late, record.charge_nanos) == ("completed", True, COST)
    assert_books_are_right()


@transactional
def test_a_late_settle_of_a_call_that_was_charged_changes_nothing(
    gate: Redis, acme: Organization
) -> None:
    call(acme, request_id="req_1")
    drain(acme)
    late = usage_event(acme, request_id="req_1", version=default_price(), tokens=TOKENS)
    append_usage(late, debited_nanos=COST, state="late")
    drain(acme)
    assert not UsageRecord.objects.get().is_late
    assert balances.read(acme).available_nanos == 100 * UNIT - COST
    assert_books_are_right()


def spoil_json(event: UsageEvent) -> bytes:
    return b'{"request_id": 5}'


def spoil_text(event: UsageEvent) -> bytes:
    return event.event.replace(b'"small"', b'"sm\\u0000all"')


def spoil_figure(event: UsageEvent) -> bytes:
    return event.event.replace(b'"duration_ms":5', b'"duration_ms":99999999999')


def spoil_site(event: UsageEvent) -> bytes:
    return event.event.replace(b'"acme-ai"', b'"elsewhere"')


@transactional
@pytest.mark.parametrize("spoil", [spoil_json, spoil_text, spoil_figure, spoil_site])
def test_a_spoiled_event_is_set_aside_uncharged_and_stops_nothing(
    gate: Redis,
    acme: Organization,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[UsageEvent], bytes],
) -> None:
    for number in range(7):
        call(acme, request_id=f"req_{number}")
    stream = connections.usage_stream(acme.site_id)
    stream.create_group()
    batch = stream.read_batch("worker", 500)
    fields = {name: getattr(batch[3], name) for name in UsageEvent.__slots__}
    batch[3] = UsageEvent(**(fields | {"event": spoil(batch[3])}))
    posting.post_batch(acme.site_id, batch)
    assert UsageRecord.objects.count() == 6
    assert not UsageRecord.objects.filter(pk="req_3").exists()
    kept = QuarantinedEvent.objects.get()
    assert (kept.request_id, kept.debited_nanos, kept.outcome) == ("req_3", COST, "")
    assert "req_3" in caplog.text
    assert balances.read(acme).available_nanos == 100 * UNIT - 6 * COST
    assert_books_are_right()


@transactional
def test_an_event_of_a_deleted_key_and_an_unknown_price_is_posted_without_them(
    gate: Redis, acme: Organization
) -> None:
    event = usage_event(acme, api_key="gone00000000", price_id=10**9, cost_nanos=0)
    append_usage(event, debited_nanos=0)
    drain(acme)
    record = UsageRecord.objects.get()
    assert (record.api_key, record.price) == (None, None)


@transactional
def test_nothing_is_read_while_the_gate_is_closed(gate: Redis, acme: Organization) -> None:
    call(acme)
    connections.steward().close(acme.site_id)
    assert drain(acme) == 0
    assert UsageRecord.objects.count() == 0


@transactional
def test_pages_hear_whose_usage_was_posted(gate: Redis, acme: Organization) -> None:
    heard: list[frozenset[str]] = []

    def listen(organization_ids: frozenset[str], **_: object) -> None:
        heard.append(organization_ids)

    usage_posted.connect(listen)
    try:
        call(acme)
        drain(acme)
    finally:
        usage_posted.disconnect(listen)
    assert heard == [frozenset({acme.pk})]


@transactional
def test_a_backend_that_is_killed_in_the_transaction_loses_nothing(
    gate: Redis, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        call(acme)
    killed = []

    def kill_own_backend(*_: object) -> None:
        monkeypatch.undo()
        killed.append(True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(posting.key_uses, "note", kill_own_backend)
    with pytest.raises(OperationalError, match="terminating"):
        drain(acme)
    assert killed
    assert UsageRecord.objects.count() == 0
    # At once: nobody is waited for as for a worker that died with its batch.
    assert drain(acme, "next") == 3
    assert_books_are_right()
