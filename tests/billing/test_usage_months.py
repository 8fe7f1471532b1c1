"""Usage records lie in months: made ahead, dropped when they are due, and no row is ever lost."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from redis import Redis

from accounts.models import Organization
from billing import audit, posting, usage_months
from billing.models import DroppedUsage, UsageRecord, UsageRollup
from billing.pricing import Buckets
from tests.factories.billing import append_usage, default_price, usage_event

transactional = pytest.mark.django_db(transaction=True)

LONG_AGO = datetime(2024, 2, 29, 23, 59, tzinfo=UTC)
COST = 100_000


@pytest.fixture
def months() -> None:
    """Leave the table as the migrations made it."""
    before = set(usage_months.existing())
    yield  # type: ignore[misc]
    with connection.cursor() as cursor:
        for month in set(usage_months.existing()) - before:
            cursor.execute(f"DROP TABLE billing_usagerecord_{month:%Y%m}")
    usage_months.keep()


def call(organization: Organization, at: datetime) -> str:
    event = usage_event(
        organization,
        version=default_price(),
        tokens=Buckets(input=1000),
        admitted_at_ms=int(at.timestamp()) * 1000,
    )
    append_usage(event, debited_nanos=COST)
    posting.drain(organization.site_id, "worker", until_s=0)
    return event.request_id


def table_of(request_id: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM billing_usagerecord WHERE request_id = %s",
            [request_id],
        )
        return str(cursor.fetchone()[0])


def assert_books_are_right() -> None:
    report = audit.run()
    assert report.is_ok, report.as_json()


@pytest.mark.django_db
def test_months_are_made_ahead_and_only_once() -> None:
    usage_months.keep()
    found = usage_months.existing()
    this = timezone.now().astimezone(UTC).date().replace(day=1)
    assert this in found
    assert found[-1] >= this + timedelta(days=80)
    usage_months.keep()
    assert usage_months.existing() == found


@transactional
def test_a_call_goes_to_the_month_of_its_admission(gate: Redis, acme: Organization) -> None:
    now = timezone.now()
    assert table_of(call(acme, now)) == f"billing_usagerecord_{now.astimezone(UTC):%Y%m}"


@transactional
def test_a_call_without_a_month_is_kept_and_moved_into_it_later(
    gate: Redis, acme: Organization, months: None, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = call(acme, LONG_AGO)
    assert table_of(request_id) == "billing_usagerecord_default"
    usage_months.keep()
    assert table_of(request_id) == "billing_usagerecord_202402"
    assert "had no month of their own" in caplog.text
    assert UsageRecord.objects.get().charge_nanos == COST
    assert_books_are_right()


@transactional
def test_retention_drops_old_records_and_the_books_stay_proven(
    gate: Redis, acme: Organization, months: None, settings: object
) -> None:
    call(acme, LONG_AGO)
    call(acme, LONG_AGO)
    recent = call(acme, timezone.now())
    settings.USAGE_RETENTION_MONTHS = 12  # type: ignore[attr-defined]
    usage_months.keep()
    assert UsageRecord.objects.get().request_id == recent
    dropped = DroppedUsage.objects.get()
    assert (dropped.organization, dropped.month) == (acme, date(2024, 2, 1))
    assert (dropped.calls, dropped.charge_nanos) == (2, 2 * COST)
    assert UsageRollup.objects.count() == 2
    assert_books_are_right()


@transactional
def test_without_a_retention_nothing_is_dropped(
    gate: Redis, acme: Organization, months: None
) -> None:
    call(acme, LONG_AGO)
    usage_months.keep()
    assert UsageRecord.objects.count() == 1


@transactional
def test_a_month_whose_sums_disagree_is_not_dropped(
    gate: Redis, acme: Organization, months: None
) -> None:
    call(acme, LONG_AGO)
    usage_months.keep()
    UsageRollup.objects.update(charge_nanos=1)
    with pytest.raises(IntegrityError, match="sums"), transaction.atomic():
        usage_months.drop(date(2024, 2, 1))
    assert UsageRecord.objects.count() == 1


@pytest.mark.django_db
def test_the_running_month_can_not_be_dropped() -> None:
    with pytest.raises(IntegrityError, match="too recent"), transaction.atomic():
        usage_months.drop(timezone.now().date().replace(day=1))
