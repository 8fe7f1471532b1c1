"""Sums by quarter of an hour agree with the records, whatever comes late, twice or at once."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Count, Q, Sum
from redis import Redis

from accounts import api_keys
from accounts.models import ApiKey, Organization
from billing import posting
from billing.models import UsageRecord, UsageRollup
from billing.pricing import Buckets
from tests.factories.billing import append_usage, default_price, usage_event
from tests.factories.threads import together

transactional = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SUMMED = (
    *("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"),
    *("charge_nanos", "written_off_nanos", "cost_nanos"),
)
SHARED = ("organization", "model", "upstream", "status")


def ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000


def drain(organization: Organization, consumer: str = "worker") -> int:
    return posting.drain(organization.site_id, consumer, until_s=0)


def assert_sums_agree() -> None:
    sums = {name: Sum(name) for name in SUMMED}
    records = (
        UsageRecord.objects.values(*SHARED, "api_key_id")
        .annotate(
            n=Count("pk"), bad=Count("pk", filter=~Q(status__gte=200, status__lt=400)), **sums
        )
        .order_by()
    )
    rollups = (
        UsageRollup.objects.filter(calls__gt=0)
        .values(*SHARED, "api_key")
        .annotate(n=Sum("calls"), bad=Sum("errors"), **sums)
        .order_by()
    )
    wanted = [
        {("api_key" if k == "api_key_id" else k): v or "" for k, v in r.items()} for r in records
    ]
    found = [{k: v or "" for k, v in r.items()} for r in rollups]
    assert sorted(map(repr, map(sorted_items, found))) == sorted(
        map(repr, map(sorted_items, wanted))
    )


def sorted_items(row: dict[str, object]) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in row.items())


@transactional
def test_calls_of_a_quarter_of_an_hour_are_one_row(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    version = default_price()
    for minutes in (0, 7, 14, 15):
        event = usage_event(
            acme,
            key=acme_key,
            version=version,
            tokens=Buckets(input=1000, cached_input=10, output=20),
            admitted_at_ms=ms(NOON + timedelta(minutes=minutes)) + 999,
        )
        append_usage(event, debited_nanos=110_500)
    drain(acme)
    rows = UsageRollup.objects.order_by("start")
    assert [(row.start, row.calls) for row in rows] == [
        (NOON, 3),
        (NOON + timedelta(minutes=15), 1),
    ]
    first = rows[0]
    assert (first.api_key, first.model, first.upstream) == (acme_key.pk, "small", "demo")
    assert (first.input_tokens, first.charge_nanos, first.errors) == (3000, 331_500, 0)
    assert_sums_agree()


@transactional
def test_a_late_settle_takes_the_place_of_the_reaped_call_in_the_sums(
    gate: Redis, acme: Organization
) -> None:
    reaped = usage_event(
        acme, request_id="req_1", version=default_price(), status=0, admitted_at_ms=ms(NOON)
    )
    append_usage(reaped, debited_nanos=0, state="expired", ending="reaped")
    drain(acme)
    assert UsageRollup.objects.get().errors == 1
    late = usage_event(
        acme,
        request_id="req_1",
        version=default_price(),
        tokens=Buckets(input=1000),
        admitted_at_ms=ms(NOON),
    )
    append_usage(late, debited_nanos=100_000, state="late")
    drain(acme)
    assert UsageRollup.objects.get(calls__gt=0).charge_nanos == 100_000
    assert sum(UsageRollup.objects.values_list("errors", flat=True)) == 0
    assert_sums_agree()


@transactional
def test_four_workers_and_repeated_late_events_leave_the_right_sums(
    gate: Redis, acme: Organization, globex: Organization
) -> None:
    dice = random.Random(7)
    version = default_price()
    keys = {
        each.pk: [api_keys.mint(each, name=str(n)).key for n in range(2)] for each in (acme, globex)
    }
    made = []
    for _ in range(200):
        organization = dice.choice((acme, globex))
        made.append(
            usage_event(
                organization,
                key=dice.choice([*keys[organization.pk], None]),
                version=version,
                tokens=Buckets(input=1000 * dice.randint(0, 3)),
                model=dice.choice(("small", "large")),
                status=dice.choice((200, 200, 502)),
                admitted_at_ms=ms(NOON) - dice.randint(0, 40 * 86_400) * 1000,
            )
        )
    copies = [event for event in made for _ in range(dice.randint(1, 3))]
    dice.shuffle(copies)
    for event in copies:
        append_usage(event, debited_nanos=event.input_tokens * 100)
    together([lambda name=f"w{n}": drain(acme, name) for n in range(4)])  # type: ignore[misc]
    while drain(acme):
        pass
    assert UsageRecord.objects.count() == 200
    assert_sums_agree()
