"""Day charts and usage tables read the sums, and tell exactly what the records would."""

import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Organization
from billing import usage_days
from billing.models import UsageRecord
from billing.reports import days, deployment, spend
from tests.factories import accounts, calls

pytestmark = pytest.mark.django_db

ZONES = ("UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin")


@pytest.fixture
def busy(acme: Organization) -> Organization:
    """Some hundred Calls over ten days, many of them near a midnight somewhere."""
    dice = random.Random(4)
    keys = [accounts.api_key(acme, name=name) for name in ("web", "batch")]
    now = timezone.now()
    for _ in range(150):
        calls.record(
            acme,
            at=now - timedelta(minutes=dice.randint(0, 10 * 1440), microseconds=dice.randint(0, 9)),
            api_key=dice.choice([*keys, None]),
            model=dice.choice(("small", "large")),
            status=dice.choice((200, 200, 400, 502)),
            charge_nanos=dice.randint(0, 10**9),
        )
    return acme


@pytest.mark.parametrize("is_folded", [False, True], ids=["from sums", "from days"])
@pytest.mark.parametrize("zone", ZONES)
def test_charts_and_tables_agree_with_the_records(
    busy: Organization, zone: str, is_folded: bool
) -> None:
    # Days are the customer's own; its pages are drawn in its zone.
    busy.time_zone = zone
    busy.save(update_fields=["time_zone"])
    if is_folded:
        usage_days.fold()
    with timezone.override(ZoneInfo(zone)):
        span = days.last(7)
        records = UsageRecord.objects.filter(
            organization=busy, admitted_at__gte=days.start_of(span[0])
        ).annotate(day=TruncDate("admitted_at"))
        by_day = records.values_list("day", "model").annotate(nanos=Sum("charge_nanos"))
        assert spend.by_day_and_model(busy, span) == {
            (day, model): int(nanos) for day, model, nanos in by_day if nanos
        }
        for group, column in (("day", "day"), ("model", "model"), ("key", "api_key_id")):
            wanted = {
                str(row[column] or ""): (row["n"], row["bad"], int(row["nanos"]), int(row["read"]))
                for row in records.values(column).annotate(
                    n=Count("pk"),
                    bad=Count("pk", filter=~Q(status__gte=200, status__lt=400)),
                    nanos=Sum("charge_nanos"),
                    read=Sum("input_tokens"),
                )
            }
            assert {
                row.key: (row.calls, row.failed, row.charge_nanos, row.input_tokens)
                for row in spend.totals(busy, span, group)
            } == wanted


def test_today_over_all_sites_agrees_with_the_records(busy: Organization) -> None:
    since = days.start_of(days.last(1)[0])
    records = UsageRecord.objects.filter(admitted_at__gte=since)
    today = deployment.today()
    assert today.calls == records.count()
    charged = sum(money.charged_nanos for money in today.money)
    assert charged == (records.aggregate(nanos=Sum("charge_nanos"))["nanos"] or 0)
