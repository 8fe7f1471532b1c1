"""Budgets of organizations: set and removed, counted by the gate, found again in the books."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from accounts.models import ApiKey, BudgetPeriod, Organization, Site
from billing import budgets, connections, gates, posting
from billing.gate.keys import spent_key
from billing.gate.types import Scope
from billing.models import OrganizationBudget
from billing.periods import current, start_of
from billing.pricing import Buckets
from tests.factories.billing import UNIT, append_usage, default_price, usage_event

pytestmark = pytest.mark.django_db(transaction=True)

COST = 100_000
ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/New_York"])
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def use(organization: Organization, times: int, key: ApiKey | None = None) -> None:
    """Calls of `COST` each, posted."""
    of_call = {"version": default_price(), "tokens": Buckets(input=1000), "key": key}
    for _ in range(times):
        event = usage_event(organization, **of_call)
        append_usage(event, debited_nanos=COST)
    assert posting.drain(organization.site_id, "w", until_s=0) == times


def spent(organization: Organization) -> dict[str, int]:
    return {use.period.value: use.spent_nanos for use in budgets.read(organization)}


def test_several_periods_count_side_by_side(gate: Redis, acme: Organization) -> None:
    budgets.choose(acme, period=BudgetPeriod.MONTH, limit_nanos=5 * UNIT)
    budgets.choose(acme, period=BudgetPeriod.DAY, limit_nanos=UNIT)
    budgets.choose(acme, period=BudgetPeriod.DAY, limit_nanos=2 * UNIT)

    read = budgets.read(acme)
    assert [(each.period, each.limit_nanos) for each in read] == [
        (BudgetPeriod.DAY, 2 * UNIT),
        (BudgetPeriod.MONTH, 5 * UNIT),
    ]
    assert all(each.ends_at and each.ends_at > datetime.now(UTC) for each in read)

    budgets.remove(acme, BudgetPeriod.DAY)
    assert budgets.limits_of(acme.pk) == (("month", 5 * UNIT),)


@pytest.mark.parametrize("nanos", [0, -1, budgets.LIMIT_NANOS_MAX + 1])
def test_what_is_no_budget_is_refused(acme: Organization, nanos: int) -> None:
    with pytest.raises(ValueError, match="not a budget"):
        budgets.choose(acme, period=BudgetPeriod.DAY, limit_nanos=nanos)
    assert not OrganizationBudget.objects.exists()


def test_a_budget_begins_with_what_its_period_has_spent_already(
    gate: Redis, acme: Organization, globex: Organization, acme_key: ApiKey
) -> None:
    use(acme, 3)
    for period in BudgetPeriod:
        budgets.choose(acme, period=period, limit_nanos=UNIT)
        budgets.choose(globex, period=period, limit_nanos=UNIT)
    assert spent(acme) == dict.fromkeys(BudgetPeriod.values, 3 * COST)
    assert spent(globex) == dict.fromkeys(BudgetPeriod.values, 0)
    # set anew it goes on from what the gate counted
    zone = ZoneInfo(acme.time_zone)
    day = current("day", zone, datetime.now(UTC)).name
    gate.hincrby(spent_key(acme.site_id, Scope.ORGANIZATION, acme.pk, day), "spent", 1)
    budgets.choose(acme, period=BudgetPeriod.DAY, limit_nanos=2 * UNIT)
    assert spent(acme)["day"] == 3 * COST + 1


def test_budgets_outlive_an_emptied_redis(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    ApiKey.objects.filter(pk=acme_key.pk).update(budget_nanos=UNIT, budget_period="month")
    budgets.choose(acme, period=BudgetPeriod.DAY, limit_nanos=UNIT)
    use(acme, 2, acme_key)
    gate.flushall()
    assert spent(acme) == {"day": 0}  # the gate has forgotten
    assert gates.open_gates() == 1
    assert spent(acme) == {"day": 2 * COST}
    month = current("month", ZoneInfo(acme.time_zone), datetime.now(UTC)).name
    key = (Scope.KEY, acme_key.pk, month)
    assert connections.steward().read_spent(acme.site_id, [key]) == [2 * COST]
    assert gate.pttl(spent_key(acme.site_id, *key)) > 0


def test_with_the_gate_away_the_books_tell(
    gate: Redis, acme: Organization, acme_key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets.choose(acme, period=BudgetPeriod.TOTAL, limit_nanos=UNIT)
    use(acme, 2)
    monkeypatch.setattr("django.conf.settings.REDIS_URL", "redis://127.0.0.1:1/0")
    connections.redis.cache_clear()
    try:
        (total,) = budgets.read(acme)
        budgets.choose(acme, period=BudgetPeriod.DAY, limit_nanos=UNIT)  # no harm done
    finally:
        connections.redis.cache_clear()
    assert (total.spent_nanos, total.ends_at) == (2 * COST, None)


def test_an_organization_is_created_with_its_budget(site: Site) -> None:
    def create(*arguments: str) -> str:
        out = StringIO()
        call_command(
            "create_organization", "--site", site.pk, "--name", "New", *arguments, stdout=out
        )
        made: str = json.loads(out.getvalue())["id"]
        return made

    made = create("--budget", "5.00", "--budget-period", "month")
    assert budgets.limits_of(made) == (("month", 5 * UNIT),)
    for wrong in (["--budget", "5.00"], ["--budget-period", "day"]):
        with pytest.raises(CommandError, match="go together"):
            create(*wrong)
    for amount in ("0", "-1", "99999999999"):
        with pytest.raises(CommandError, match="--budget"):
            create("--budget", amount, "--budget-period", "day")
    assert Organization.objects.count() == 1


@given(
    kind=st.sampled_from(["day", "week", "month"]),
    zone=ZONES.map(ZoneInfo),
    now=INSTANTS,
)
def test_a_period_begins_where_the_one_before_ended(
    kind: str, zone: ZoneInfo, now: datetime
) -> None:
    start = start_of(kind, zone, now)
    assert start is not None
    assert start <= now
    before = current(kind, zone, start.astimezone(UTC) - timedelta(seconds=1))
    assert before.ends_at_ms == int(start.timestamp()) * 1000
    assert before.name != current(kind, zone, now).name
