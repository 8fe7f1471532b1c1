"""The log shows answered and refused calls in one order, and explains each charge and refusal."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.api_keys import mint
from accounts.models import ApiKey, Organization, Role
from billing.reports.calls import PAGE_ROWS
from tests.factories import calls
from tests.pages.people import logged_in, member_of

LOG = "/app/requests"


def ids(page: str) -> list[str]:
    return re.findall(r'href="/app/requests/(req_\w+)"', page)


def test_a_refused_call_shows_its_code_and_costs_nothing(
    page_client: Client, acme: Organization
) -> None:
    calls.refusal(acme, multiplier=33)
    page = page_client.get(LOG).content.decode()
    assert "credit_balance_exhausted" in page
    assert "× 33" in page
    assert "$" not in page[page.index('id="log"') : page.index("</table>")]


def test_a_call_that_went_well_is_found_behind_hours_of_failures(
    page_client: Client, acme: Organization
) -> None:
    now = timezone.now()
    well = calls.record(acme, at=now - timedelta(days=2))
    for n in range(PAGE_ROWS + 2):
        at = now - n * timedelta(minutes=15)
        calls.record(acme, at=at, status=502, ending="upstream_failed", charge_nanos=0)
    page = page_client.get(f"{LOG}?model=small&outcome=ok").content.decode()
    assert ids(page) == [well.pk]


def test_paging_shows_every_call_once(page_client: Client, acme: Organization) -> None:
    now = timezone.now()
    made = {
        (calls.record if n % 3 else calls.refusal)(acme, at=now - timedelta(seconds=n // 4)).pk
        for n in range(2 * PAGE_ROWS + 7)
    }
    seen: list[str] = []
    url: str | None = LOG
    while url:
        page = page_client.get(url).content.decode()
        seen += ids(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        url = older[1].replace("&amp;", "&") if older else None
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("outcome=ok", {"fine"}),
        ("outcome=failed", {"broken"}),
        ("outcome=refused", {"refused"}),
        ("model=broken", {"broken"}),
        ("outcome=nonsense", {"fine", "broken", "refused"}),
        ("after=nonsense&day=tomorrow", {"fine", "broken", "refused"}),
        ("model=%00&key=%00&id=%00", {"fine", "broken", "refused"}),
    ],
)
def test_filters(page_client: Client, acme: Organization, query: str, shown: set[str]) -> None:
    made = {
        calls.record(acme, model="fine").pk: "fine",
        calls.record(acme, model="broken", status=502).pk: "broken",
        calls.refusal(acme, model="refused").pk: "refused",
    }
    page = page_client.get(f"{LOG}?{query}").content.decode()
    assert {made[one] for one in ids(page)} == shown


def test_filters_by_key_id_and_day(
    page_client: Client, acme: Organization, acme_key: ApiKey
) -> None:
    mine = calls.record(acme, api_key=acme_key)
    old = calls.record(acme, at=timezone.now() - timedelta(days=3))
    day = old.admitted_at.date().isoformat()
    for query, row in (
        (f"key={acme_key.id}", mine),
        (f"id={old.request_id}", old),
        (f"day={day}", old),
    ):
        assert ids(page_client.get(f"{LOG}?{query}").content.decode()) == [row.request_id]


def test_a_developer_may_choose_among_their_own_keys_only(acme: Organization) -> None:
    developer = member_of(acme, "developer@acme.example", Role.DEVELOPER)
    mint(acme, name="mine", created_by=developer)
    mint(acme, name="colleagues")
    page = logged_in(developer).get(LOG).content.decode()
    assert "mine (" in page
    assert "colleagues (" not in page


def test_a_charge_is_explained_line_by_line(page_client: Client, acme: Organization) -> None:
    record = calls.record(
        acme,
        charge_nanos=1_275_000,
        lines=[
            {"bucket": "input", "quantity": 1500, "nanos_per_mtok": 150_000_000},
            {"bucket": "output", "quantity": 1750, "nanos_per_mtok": 600_000_000},
        ],
        attempts=[
            {"upstream": "hidden-vendor", "status": 500, "code": "", "latency_ms": 90},
            {"upstream": "hidden-vendor-2", "status": 200, "code": "", "latency_ms": 400},
        ],
    )
    page = page_client.get(f"{LOG}/{record.request_id}").content.decode()
    for amount in ("$0.15", "$0.60", "$0.000225", "$0.00105", "$0.001275"):
        assert f">{amount}<" in page
    assert "Sum, before rounding" not in page  # nothing was rounded
    assert "0.09 s" in page
    assert "hidden-vendor" not in page  # which upstreams a site uses is its own business


def test_a_refusal_names_its_rule_and_its_cure(page_client: Client, acme: Organization) -> None:
    refusal = calls.refusal(
        acme, status=429, code="rate_limit_exceeded", rule="requests_per_minute 60 (key)"
    )
    page = page_client.get(f"{LOG}/{refusal.id}").content.decode()
    assert "requests_per_minute 60 (key)" in page
    assert "Slow down" in page
    assert "never charged" in page


@pytest.mark.parametrize("request_id", ["req_nothing", "%00", "x" * 300])
def test_an_unknown_request_is_not_found(page_client: Client, request_id: str) -> None:
    assert page_client.get(f"{LOG}/{request_id}").status_code == 404
