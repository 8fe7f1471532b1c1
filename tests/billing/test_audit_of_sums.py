"""The audit finds sums that do not say what they are made of, wherever days begin."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from accounts.models import Organization, Site
from billing import usage_days
from billing.audit import sums
from billing.audit.report import Tally
from billing.models import DroppedUsage, UsageRecord, UsageRollup
from tests.factories import calls

# The last hour of a month in UTC: another month in Shanghai already.
LATE = datetime(2026, 9, 30, 23, 10, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folded(acme: Organization, globex: Organization, site: Site) -> None:
    """Calls around the end of a month of three time zones; the newest are not folded yet."""
    for row, zone in ((acme, "Asia/Shanghai"), (globex, "America/Los_Angeles"), (site, "UTC")):
        row.time_zone = zone
        row.save(update_fields=["time_zone"])
    for organization in (acme, globex):
        for back in (-1, 0, 1, 40):
            calls.record(organization, at=LATE - back * DAY, charge_nanos=7 + back)
    calls.record(acme, at=LATE, status=502, ending="upstream_failed", charge_nanos=0)
    usage_days.fold(LATE + DAY / 2)


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def quarters() -> list[str]:
    return list(sums.quarters_are_records(Tally()))


def days() -> list[str]:
    return list(sums.days_are_quarters(Tally()))


def test_sound_sums_are_found_sound() -> None:
    tally = Tally()
    assert list(sums.quarters_are_records(tally)) == []
    assert list(sums.days_are_quarters(tally)) == []
    assert tally.checked > 6
    usage_days.fold(LATE + 3 * DAY)
    assert days() == []


@pytest.mark.parametrize("table", ["usageday", "siteday", "customerday"])
@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE billing_{} SET cost_nanos = cost_nanos + 1",
        "UPDATE billing_{} SET calls = calls - 1 WHERE day < '2026-09-01'",
        "UPDATE billing_{} SET day = day - 400",
        "DELETE FROM billing_{}",
    ],
)
def test_days_that_are_not_their_quarters_are_found(table: str, spoil: str) -> None:
    sql(spoil.format(table))
    assert {each.split()[0] for each in days()} == {f"billing_{table}"}


def test_a_time_zone_that_moved_no_days_is_found(acme: Organization) -> None:
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("ALTER TABLE accounts_organization DISABLE TRIGGER usage_days")
    Organization.objects.filter(pk=acme.pk).update(time_zone="UTC")
    assert all(each.startswith(f"billing_usageday {acme.pk}") for each in days())
    assert days()


def test_quarters_that_are_folded_twice_or_never_are_found() -> None:
    sql("UPDATE billing_usagefold SET folded_to = folded_to - interval '1 day'")
    assert days()
    sql("UPDATE billing_usagefold SET folded_to = folded_to + interval '9 days'")
    assert days()


def test_a_difference_is_told_in_words(acme: Organization) -> None:
    newest = UsageRollup.objects.filter(organization=acme).latest("start")
    UsageRollup.objects.filter(pk=newest.pk).update(calls=5)
    assert quarters() == [
        f"billing_usagerollup {acme.pk} 2026-10-01 23:00:00+00:00 {acme.site_id} small  200:"
        " calls 5 instead of 1"
    ]


def test_of_a_dropped_month_its_note_counts(acme: Organization, globex: Organization) -> None:
    gone = UsageRecord.objects.filter(admitted_at__lt=LATE - 30 * DAY)
    for call in gone:
        DroppedUsage.objects.create(
            organization=call.organization,
            month=date(2026, 8, 1),
            calls=1,
            charge_nanos=call.charge_nanos,
        )
    gone.delete()
    assert quarters() == []
    DroppedUsage.objects.filter(organization=globex).update(charge_nanos=1)
    assert [each.partition(":")[0] for each in quarters()] == [f"billing_usagerollup {globex.pk}"]
