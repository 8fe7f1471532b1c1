# ruff: noqa: S608  (statements of tests, made of constants and ids)
"""Drift is found within a minute, alarms, and stops the one organization that it concerns."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from redis import Redis

from accounts import audit
from accounts.models import Organization
from billing import connections, drift, freezes, gates, ledger, posting
from billing.audit import gate as gate_checks
from billing.gate.keys import organization_key
from billing.ledger import AccountKind, Posting, TransactionKind
from billing.models import AuditRun, Freeze, LedgerTransaction
from billing.pricing import Buckets
from tests.factories.billing import append_usage, default_price, money, usage_event

pytestmark = pytest.mark.django_db

COST = 100_000


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_checks, "LOOKS", 2)
    monkeypatch.setattr(gate_checks, "LOOK_AGAIN_S", 0.01)


@pytest.fixture
def books(gate: Redis, acme: Organization) -> Redis:
    """A charge of acme; triggers off, as for somebody with the owner's password."""
    charge(acme)
    sql(
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ALTER TABLE billing_ledgerentry DISABLE TRIGGER USER",
        "ALTER TABLE billing_ledgertransaction DISABLE TRIGGER USER",
    )
    return gate


def charge(organization: Organization) -> None:
    event = usage_event(organization, version=default_price(), tokens=Buckets(input=1000))
    append_usage(event, debited_nanos=COST)
    posting.drain(organization.site_id, "worker", until_s=0)


def sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def frozen() -> set[str]:
    return set(Organization.objects.filter(is_frozen=True).values_list("name", flat=True))


def test_sound_books_raise_no_alarm(
    books: Redis, acme: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    run = drift.check()
    assert (run.is_ok, run.findings, run.differences) == (True, [], 0)
    assert frozen() == set()
    assert caplog.text == ""


OF_ACME = "(SELECT id FROM billing_ledgeraccount WHERE organization_id = '{acme}')"
OF_REVENUE = "(SELECT id FROM billing_ledgeraccount WHERE kind = 'revenue')"


@pytest.mark.parametrize(
    ("check", "statement"),
    [
        (
            "I1",
            "UPDATE billing_ledgerentry SET amount_nanos = amount_nanos + 1"
            f" WHERE account_id = {OF_ACME}",
        ),
        (
            "I2",
            f"UPDATE billing_ledgerentry SET balance_after_nanos = 7 WHERE account_id={OF_ACME}",
        ),
        ("I2", f"UPDATE billing_ledgeraccount SET balance_nanos = 7 WHERE id = {OF_ACME}"),
        ("I3", f"UPDATE billing_ledgeraccount SET balance_nanos = -1 WHERE id = {OF_ACME}"),
        ("I4-usage", "UPDATE billing_usagerecord SET charge_nanos = charge_nanos + 1"),
        ("I6", "UPDATE billing_usagerecord SET input_tokens = 999"),
        ("I7", f"UPDATE billing_ledgeraccount SET balance_nanos = 7 WHERE id = {OF_ACME}"),
    ],
)
def test_tampered_books_freeze_the_one_concerned(
    books: Redis,
    acme: Organization,
    caplog: pytest.LogCaptureFixture,
    check: str,
    statement: str,
) -> None:
    sql(statement.replace("{acme}", acme.pk))
    run = drift.check()
    assert not run.is_ok
    assert (check, acme.pk) in {(each["check"], each["organization"]) for each in run.findings}
    assert frozen() == {"Acme"}
    assert f"drift {check}" in caplog.text
    assert any(line.levelno == logging.ERROR for line in caplog.records)


def spoil_available(redis: Redis, acme: Organization) -> None:
    redis.hincrby(organization_key(acme.site_id, acme.pk), "available", 1)


def spoil_unposted(redis: Redis, acme: Organization) -> None:
    redis.hincrby(organization_key(acme.site_id, acme.pk), "unposted", -1)


def rebuild(redis: Redis, acme: Organization) -> None:
    gates.rebuild(acme.site_id)


def correct_unposted(redis: Redis, acme: Organization) -> None:
    redis.hincrby(organization_key(acme.site_id, acme.pk), "unposted", 1)


@pytest.mark.parametrize(
    ("spoil", "repair"), [(spoil_available, rebuild), (spoil_unposted, correct_unposted)]
)
def test_a_spoiled_gate_freezes_the_one_concerned_and_nothing_is_repaired(
    gate: Redis,
    acme: Organization,
    spoil: Callable[[Redis, Organization], None],
    repair: Callable[[Redis, Organization], None],
) -> None:
    spoil(gate, acme)
    for _ in range(2):
        assert [each["check"] for each in drift.check().findings] == ["I7"]
    assert frozen() == {"Acme"}
    assert Freeze.objects.filter(organization=acme).count() == 1
    repair(gate, acme)
    freezes.lift(acme.pk, by=audit.command("test"), reason="repaired")
    assert drift.check().is_ok
    assert frozen() == set()
    assert Freeze.objects.get().lift_reason == "repaired"


def test_a_difference_in_the_site_s_own_accounts_alarms_and_freezes_nobody(books: Redis) -> None:
    sql(f"UPDATE billing_ledgeraccount SET balance_nanos = 7 WHERE id = {OF_REVENUE}")
    assert [each["check"] for each in drift.check().findings] == ["I2"]
    assert frozen() == set()


def test_a_batch_whose_worker_died_before_the_acknowledgement_is_no_difference(
    gate: Redis, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = usage_event(acme, version=default_price(), tokens=Buckets(input=1000))
    append_usage(event, debited_nanos=COST)
    stream = connections.usage_stream(acme.site_id)
    stream.create_group()
    batch = stream.read_batch("dead", 500)
    with monkeypatch.context() as dying:
        dying.setattr(type(stream), "acknowledge", lambda *_: 0)
        posting.post_batch(acme.site_id, batch)
    assert ledger.balance_nanos(acme.pk) == 100 * 10**9 - COST
    assert drift.check().is_ok
    posting.post_batch(acme.site_id, batch)
    assert drift.check().is_ok


def test_a_closed_or_silent_gate_alarms_and_freezes_nobody(
    gate: Redis, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_available(gate, acme)
    connections.steward().close(acme.site_id)
    (finding,) = drift.check().findings
    assert finding["text"] == f"the gate of site {acme.site_id} is closed"
    assert frozen() == set()


def test_many_at_once_are_a_fault_of_ours_and_stop_nobody(
    gate: Redis, acme: Organization, globex: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "FREEZES_MAX", 1)
    spoil_available(gate, acme)
    spoil_available(gate, globex)
    assert drift.check().differences == 2
    assert frozen() == set()


def test_a_dispute_may_leave_less_than_zero(gate: Redis, acme: Organization) -> None:
    transaction_id = ledger.post(
        Posting(
            acme.site_id,
            TransactionKind.ADJUSTMENT,
            "chargeback",
            {
                ledger.customer(acme.site_id, acme.pk): -100 * 10**9,
                ledger.house(acme.site_id, AccountKind.ADJUSTMENTS): 100 * 10**9,
            },
        )
    ).transaction_id
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("ALTER TABLE billing_ledgertransaction DISABLE TRIGGER USER")
    sql("UPDATE billing_ledgeraccount SET balance_nanos = -1 WHERE organization_id IS NOT NULL")
    assert "I3" in {each["check"] for each in drift.check().findings}
    sql(f"UPDATE billing_ledgertransaction SET kind = 'dispute' WHERE id = {transaction_id}")
    of_acme = [each for each in drift.check().findings if each["organization"] == acme.pk]
    assert "I3" not in {each["check"] for each in of_acme}


def test_each_run_goes_on_where_the_last_one_was_sure(gate: Redis, acme: Organization) -> None:
    newest = LedgerTransaction.objects.latest("pk").pk
    assert drift.check().transactions_to == 0  # too young: others may still appear below them
    old = timezone.now() - timedelta(minutes=2)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("ALTER TABLE billing_ledgertransaction DISABLE TRIGGER USER")
    LedgerTransaction.objects.update(created_at=old)
    assert drift.check().transactions_to == newest
    money(acme, 1)
    assert drift.check().transactions_to == newest


def test_a_run_is_bounded_and_the_sweep_comes_round(
    gate: Redis, acme: Organization, globex: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "ORGANIZATIONS_MAX", 1)
    monkeypatch.setattr(drift, "TRANSACTIONS_MAX", 1)
    ids = sorted(Organization.objects.values_list("pk", flat=True))
    assert [drift.check().swept_to for _ in range(4)] == [*ids, ""]


def test_old_runs_are_forgotten(gate: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "RUNS_KEPT", 3)
    for _ in range(6):
        drift.check()
    assert AuditRun.objects.count() == 3


def test_a_full_audit_is_stored(gate: Redis, acme: Organization) -> None:
    assert drift.audit_all().is_ok
    spoil_available(gate, acme)
    run = drift.audit_all()
    assert (run.kind, run.is_ok, run.differences) == ("full", False, 1)
    assert frozen() == set()
