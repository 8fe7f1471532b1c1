"""The audit passes on sound books and finds every way in which they can be spoiled."""

import time
from collections.abc import Callable

import pytest
from django.db import connection
from redis import Redis

from accounts.models import Organization
from billing import audit, connections, posting
from billing.audit import gate as gate_checks
from billing.gate.keys import hold_key, holds_key, organization_key
from billing.models import UsageRecord
from billing.pricing import Buckets
from tests.factories.billing import append_usage, default_price, usage_event

pytestmark = pytest.mark.django_db

COST = 100_000


@pytest.fixture
def books(gate: Redis, acme: Organization, monkeypatch: pytest.MonkeyPatch) -> Redis:
    """Some usage of acme, posted; triggers off, as for somebody with the owner's password."""
    monkeypatch.setattr(gate_checks, "LOOKS", 2)
    monkeypatch.setattr(gate_checks, "LOOK_AGAIN_S", 0.01)
    for _ in range(3):
        event = usage_event(acme, version=default_price(), tokens=Buckets(input=1000))
        append_usage(event, debited_nanos=COST - 1, written_off_nanos=1)
    posting.drain(acme.site_id, "worker", until_s=0)
    sql(
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ALTER TABLE billing_ledgerentry DISABLE TRIGGER USER",
        "ALTER TABLE billing_ledgertransaction DISABLE TRIGGER USER",
    )
    return gate


def sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def broken() -> dict[str, tuple[str, ...]]:
    return {each.id: each.problems for each in audit.run().findings if not each.is_ok}


def test_sound_books_pass_every_check(books: Redis) -> None:
    report = audit.run()
    assert report.is_ok, report.as_json()
    counts = {finding.id: finding.checked for finding in report.findings}
    assert counts["I6"] == 3
    assert counts["I1"] == 3  # two openings and a batch
    assert set(report.as_json()) == {"ok", "checks"}


@pytest.mark.parametrize(
    ("check", "statements"),
    [
        ("I1", ["UPDATE billing_ledgerentry SET amount_nanos = amount_nanos + 1"]),
        (
            "I1",
            [
                "DELETE FROM billing_ledgerentry"
                " WHERE id = (SELECT max(id) FROM billing_ledgerentry)"
            ],
        ),
        ("I2", ["UPDATE billing_ledgeraccount SET balance_nanos = balance_nanos + 1"]),
        ("I2", ["UPDATE billing_ledgerentry SET balance_after_nanos = 1"]),
        ("I3", ["UPDATE billing_ledgeraccount SET balance_nanos = -1 WHERE kind = 'organization'"]),
        (
            "I4",
            [
                "ALTER TABLE billing_ledgertransaction DROP CONSTRAINT ledger_transaction_once",
                "INSERT INTO billing_ledgertransaction (site_id, kind, external_id, reason,"
                " created_at) SELECT site_id, kind, external_id, reason, created_at"
                " FROM billing_ledgertransaction",
            ],
        ),
        ("I4-usage", ["UPDATE billing_usagerecord SET charge_nanos = charge_nanos + 1"]),
        ("I4-usage", ["UPDATE billing_usagerecord SET ledger_transaction_id = NULL"]),
        ("I4-usage", ["DELETE FROM billing_usagerecord"]),
        ("I6", ["UPDATE billing_usagerecord SET charge_nanos = charge_nanos + 1"]),
        ("I6", ["UPDATE billing_usagerecord SET written_off_nanos = 0"]),
        ("I6", ["UPDATE billing_usagerecord SET input_tokens = 999"]),
        ("I6", ["UPDATE billing_usagerecord SET price_id = NULL"]),
        ("I6", ["UPDATE billing_usagerecord SET lines = '[]'"]),
        ("I6", ["""UPDATE billing_price SET components = '{"input": 5, "output": 5}'"""]),
        ("I7", ["UPDATE billing_ledgeraccount SET balance_nanos = balance_nanos + 1"]),
        ("S1", ["UPDATE billing_usagerollup SET charge_nanos = charge_nanos + 1"]),
        ("S1", ["UPDATE billing_usagerollup SET start = start - interval '15 minutes'"]),
        ("S1", ["UPDATE billing_usagerollup SET model = 'other'"]),
        ("S1", ["DELETE FROM billing_usagerollup"]),
        ("S1", ["UPDATE billing_usagerecord SET output_tokens = output_tokens + 1"]),
        ("S1", ["DELETE FROM billing_usagerecord"]),
    ],
)
def test_a_tampered_database_is_found(books: Redis, check: str, statements: list[str]) -> None:
    sql(*statements)
    assert check in broken()


def spoil_available(redis: Redis, acme: Organization) -> None:
    redis.hincrby(organization_key(acme.site_id, acme.pk), "available", 1)


def spoil_unposted(redis: Redis, acme: Organization) -> None:
    redis.hincrby(organization_key(acme.site_id, acme.pk), "unposted", -1)


def overdraw(redis: Redis, acme: Organization) -> None:
    redis.hset(organization_key(acme.site_id, acme.pk), "available", -1)


def close_gate(redis: Redis, acme: Organization) -> None:
    connections.steward().close(acme.site_id)


def forget_hold(redis: Redis, acme: Organization) -> None:
    """Its time ended a minute ago and no reaper came."""
    expired_ms = int(time.time() * 1000) - 60_000
    fields = {
        "state": "open",
        "organization": acme.pk,
        "key": "k",
        "budgets": "",
        "amount": "0",
        "checkpoint": "0",
        "expires_at": str(expired_ms),
        "owner": "relay-1",
    }
    for name, value in fields.items():
        redis.hset(hold_key(acme.site_id, "req_x"), name, value)
    redis.zadd(holds_key(acme.site_id), {"req_x": expired_ms})


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        ("I7", spoil_available),
        ("I7", spoil_unposted),
        ("I7", close_gate),
        ("I3-gate", overdraw),
        ("I5", forget_hold),
    ],
)
def test_a_spoiled_gate_is_found(
    books: Redis, acme: Organization, check: str, spoil: Callable[[Redis, Organization], None]
) -> None:
    spoil(books, acme)
    assert check in broken()


def test_a_report_names_only_the_first_problems(books: Redis, acme: Organization) -> None:
    for _ in range(30):
        append_usage(usage_event(acme, cost_nanos=0), debited_nanos=1)
    posting.drain(acme.site_id, "worker", until_s=0)
    assert len(broken()["I6"]) == 20
    assert UsageRecord.objects.count() == 33
