"""Usage is summed by the hours of the customer's clock, over at most a month."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from accounts.models import Organization
from tests.api.programs import Program, document, problem
from tests.factories import calls

HOME = "organizations/org_acme"


def test_an_hour_is_one_of_the_customer_s(ours: Program, acme: Organization) -> None:
    Organization.objects.filter(pk=acme.pk).update(time_zone="Asia/Kathmandu")  # +05:45
    now = timezone.now() - timedelta(days=2)
    # 45 and 59 past of UTC are half past and 44 past of one local hour; 0 past is in it too.
    start = datetime(now.year, now.month, now.day, 10, 15, tzinfo=UTC)  # 16:00 there
    for minutes in (0, 30, 59, 60):
        calls.record(acme, at=start + timedelta(minutes=minutes))
    told = document(ours.get(f"{HOME}/usage", group="hour", days="7"))
    assert [(each["key"][11:], each["calls"]) for each in told["items"]] == [
        ("17:00:00+05:45", 1),
        ("16:00:00+05:45", 3),
    ]


def test_refused_calls_stand_in_their_hour(ours: Program, acme: Organization) -> None:
    at = timezone.now()
    calls.refusal(acme, at=at, multiplier=7)
    (row,) = document(ours.get(f"{HOME}/usage", group="hour", days="1"))["items"]
    assert (row["calls"], row["refused"]) == (0, 7)


def test_by_hour_a_month_is_the_most(ours: Program, acme: Organization) -> None:
    assert ours.get(f"{HOME}/usage", group="hour", days="31").status_code == 200
    response = ours.get(f"{HOME}/usage", group="hour", days="32")
    assert problem(response) == (400, "invalid_request")
    assert response.json()["errors"][0]["field"] == "days"
