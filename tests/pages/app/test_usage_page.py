"""Usage by day, model or key sums to the same total, over the organization's own days."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Organization
from billing.reports import days, spend
from tests.factories import calls


@pytest.mark.parametrize("group", spend.GROUPS)
def test_every_grouping_sums_to_the_same(
    page_client: Client, acme: Organization, acme_key: ApiKey, group: str
) -> None:
    for n in range(6):
        at = timezone.now() - timedelta(days=n)
        calls.record(
            acme,
            at=at,
            model=f"model-{n % 2}",
            api_key=acme_key if n % 3 else None,
            charge_nanos=100_000_000 + n,
        )
    calls.refusal(acme, multiplier=4)
    page = page_client.get(f"/app/usage?days=30&group={group}").content.decode()
    foot = re.sub(r"<[^>]+>", " ", page[page.index("<tfoot>") : page.index("</tfoot>")]).split()
    assert foot == ["Total", "6", "0", "4", "48", "0", "12", "$0.6000"]


def test_days_are_the_customers_own(acme: Organization) -> None:
    """23:30 in Kolkata is 18:00 UTC of the same day; 00:30 is 19:00 UTC of the day before."""
    acme.time_zone = "Asia/Kolkata"
    evening = datetime(2026, 3, 10, 18, 0, tzinfo=UTC)
    calls.record(acme, at=evening, charge_nanos=1)
    calls.record(acme, at=evening + timedelta(hours=1), charge_nanos=10)
    span = [datetime(2026, 3, day, tzinfo=UTC).date() for day in (10, 11)]
    spent = spend.by_day_and_model(acme, span)
    assert {day.day: nanos for (day, _), nanos in spent.items()} == {10: 1, 11: 10}


def test_a_day_of_the_clock_change_begins_at_its_own_midnight() -> None:
    with timezone.override("Europe/Berlin"):
        starts = [days.start_of(datetime(2026, 3, day, tzinfo=UTC).date()) for day in (29, 30)]
    assert starts[1].astimezone(UTC) - starts[0].astimezone(UTC) == timedelta(hours=23)


@pytest.mark.parametrize("query", ["?days=7", "?days=99999", "?group=evil", "?days=%00"])
def test_nonsense_is_the_default(page_client: Client, query: str) -> None:
    assert page_client.get(f"/app/usage{query}").status_code == 200
