"""Days of usage say what the rollups say: folded or not, late or not, wherever days begin."""

import time
from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection, transaction
from redis import Redis

from accounts.models import Organization, Site
from billing import posting, rollup_rows, usage_days
from billing.audit import sums
from billing.audit.report import Tally
from billing.models import CustomerDay, SiteDay, UsageDay, UsageFold
from billing.reports import day_sums, spend
from tests.factories import accounts, calls
from tests.factories.billing import append_usage, usage_event

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LONG_AGO = date(2026, 1, 1)
WAIT_S = 60.0
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def spent(organization: Organization) -> dict[tuple[date, str], int]:
    return spend.by_day_and_model(organization, [LONG_AGO])


def reports(site: Site, *organizations: Organization) -> list[object]:
    """Everything that is read from days."""
    everything = "*"
    return [
        *(spent(each) for each in organizations),
        *(sorted(spend.totals(each, [LONG_AGO], "key"), key=repr) for each in organizations),
        sorted(_summed(day_sums.of_site(site, LONG_AGO, everything), keys=2)),
        sorted(_summed(day_sums.of_customers(site, LONG_AGO, everything), keys=1)),
        sorted(day_sums.of_many([each.pk for each in organizations], LONG_AGO)),
    ]


def _summed(rows: list[tuple[object, ...]], keys: int) -> list[str]:
    sums: dict[tuple[object, ...], list[int]] = {}
    for row in rows:
        found = sums.setdefault(row[:keys], [0] * (len(row) - keys))
        sums[row[:keys]] = [a + int(str(b)) for a, b in zip(found, row[keys:], strict=True)]
    return [f"{key} {figures}" for key, figures in sums.items()]


@pytest.fixture
def used(acme: Organization, globex: Organization) -> None:
    """Some calls of two customers on five days, one of which failed."""
    for back in range(5):
        calls.record(acme, at=NOON - back * DAY, charge_nanos=10**back)
        calls.record(globex, at=NOON - back * DAY - 5 * HOUR, charge_nanos=7, model="large")
    calls.record(acme, at=NOON - 3 * DAY, charge_nanos=0, status=502, ending="upstream_failed")


def test_folding_changes_no_report(
    used: None, acme: Organization, globex: Organization, site: Site
) -> None:
    before = reports(site, acme, globex)
    for upto in (NOON - 3 * DAY, NOON - 2 * DAY, NOON - 2 * DAY, NOON + HOUR):
        usage_days.fold(upto)
        assert reports(site, acme, globex) == before
    # The newest is younger than the lag, and in rollups still.
    assert UsageDay.objects.filter(organization=acme).count() == 4
    assert UsageDay.objects.get(organization=acme, day=NOON - 3 * DAY).errors == 1


def test_folding_goes_on_where_it_ended(used: None, acme: Organization) -> None:
    assert usage_days.fold(NOON - 3 * DAY) > 0
    assert usage_days.fold(NOON + DAY) > 0
    assert usage_days.fold(NOON + DAY) == 0
    assert spent(acme) == {(NOON.date() - back * DAY, "small"): 10**back for back in range(5)}


def test_what_is_posted_late_is_in_the_days(gate: Redis, acme: Organization) -> None:
    at_ms = int(NOON.timestamp() * 1000)
    usage_days.fold(NOON + 5 * HOUR)
    event = usage_event(acme, admitted_at_ms=at_ms, ended_at_ms=at_ms)
    append_usage(event, debited_nanos=0)
    assert posting.drain(acme.site_id, "worker", until_s=0) == 1
    assert UsageDay.objects.get().calls == 1
    assert SiteDay.objects.get().calls == CustomerDay.objects.get().calls == 1
    assert [total.calls for total in spend.totals(acme, [LONG_AGO], "day")] == [1]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Asia/Kolkata"])
def test_another_time_zone_moves_the_days_that_are_folded(
    used: None, acme: Organization, globex: Organization, site: Site, zone: str
) -> None:
    usage_days.fold(NOON - DAY)
    for row in (acme, globex, site):
        row.time_zone = zone
        row.save(update_fields=["time_zone"])
    moved = reports(site, acme, globex)
    for table in (UsageDay, SiteDay, CustomerDay, UsageFold):
        table.objects.all().delete()  # type: ignore[attr-defined]
    assert moved == reports(site, acme, globex)


def test_a_time_zone_that_postgres_does_not_know_is_utc(site: Site) -> None:
    odd = accounts.organization("Odd", on=site)
    Organization.objects.filter(pk=odd.pk).update(time_zone="Mars/Olympus")
    calls.record(odd, at=NOON - DAY)
    usage_days.fold(NOON)
    assert UsageDay.objects.get().day == (NOON - DAY).date()


@pytest.mark.django_db(transaction=True)
def test_a_time_zone_that_changes_while_usage_is_posted_late_counts_it_once(
    acme: Organization,
) -> None:
    calls.record(acme, at=NOON - DAY)
    usage_days.fold(NOON)

    def move() -> None:
        Organization.objects.filter(pk=acme.pk).update(time_zone="Europe/London")
        connection.close()

    moving = Thread(target=move)
    with transaction.atomic():
        # A day that is there already, and one that nobody else knows of yet.
        rollup_rows.add([_late(acme, NOON - DAY), _late(acme, NOON - 9 * DAY)])
        moving.start()
        _until_somebody_waits()
    moving.join()
    known, new = (NOON - DAY).date(), (NOON - 9 * DAY).date()
    assert spent(acme) == {(known, "small"): 100_005, (new, "small"): 5}
    assert list(sums.days_are_quarters(Tally())) == []


def _late(organization: Organization, at: datetime) -> rollup_rows.Fact:
    at_ms = int(at.timestamp() * 1000)
    whose = (organization.site_id, organization.pk, "", "small", "", 200)
    return (at_ms, *whose, 1, 0, 1, 0, 5, 0, 0)


def _until_somebody_waits() -> None:
    ends_at = time.monotonic() + WAIT_S
    while time.monotonic() < ends_at:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("the change of the time zone waits for nobody")
