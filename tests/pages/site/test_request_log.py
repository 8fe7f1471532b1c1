"""Staff find any call of their customers, with cost and margin; never one of another site."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Organization, Site
from billing.reports import staff_calls
from billing.reports.calls import PAGE_ROWS
from tests.factories import accounts, calls
from tests.pages.people import logged_in, member_of

ATTEMPTS = [
    {"upstream": "first-vendor", "status": 500, "code": "upstream_error", "latency_ms": 90},
    {"upstream": "second-vendor", "status": 200, "code": "", "latency_ms": 400},
]


def ids(client: Client, address: str) -> set[str]:
    page = client.get(address).content.decode()
    return set(re.findall(r'href="/(?:ops|site)/requests/(req_\w+)"', page))


@pytest.fixture
def abroad(other_site: Site) -> Organization:
    """A customer of another site, whom operators see and this site's staff never do."""
    return accounts.organization("Abroad", on=other_site)


def test_a_sites_staff_see_their_own_customers_calls_alone(
    onlooker: Client,
    operator: Client,
    acme: Organization,
    globex: Organization,
    abroad: Organization,
) -> None:
    ours = {calls.record(acme).pk, calls.refusal(globex).pk}
    theirs = {calls.record(abroad).pk, calls.refusal(abroad).pk}
    assert ids(onlooker, "/site/requests") == ours
    assert ids(onlooker, f"/site/requests?site={abroad.site_id}") == ours
    assert ids(onlooker, f"/site/requests?organization={abroad.pk}") == set()
    assert ids(operator, "/ops/requests") == ours | theirs
    for each in theirs:
        assert onlooker.get(f"/site/requests/{each}").status_code == 404
        assert operator.get(f"/ops/requests/{each}").status_code == 200


def test_a_customer_finds_no_such_page(acme: Organization, home: Site) -> None:
    client = logged_in(member_of(acme, "ann@acme.example"))
    row = calls.record(acme).pk
    for address in ("/site/requests", f"/site/requests/{row}", "/ops/requests"):
        assert client.get(address).status_code == 404


def test_cost_and_margin_are_shown_and_upstreams_to_operators_only(
    onlooker: Client, operator: Client, acme: Organization
) -> None:
    row = calls.record(
        acme,
        charge_nanos=3_000_000,
        cost_nanos=1_000_000,
        upstream="second-vendor",
        attempts=ATTEMPTS,
        passed=[["second-vendor", "upstream_rests"]],
    )
    for below in ("", f"/{row.pk}"):
        for client, door in ((onlooker, "site"), (operator, "ops")):
            page = client.get(f"/{door}/requests{below}").content.decode()
            assert "$0.002" in page
            assert ("second-vendor" in page) == (door == "ops")
    assert ids(onlooker, "/site/requests?upstream=nobody") == {row.pk}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("outcome=ok", {"fine"}),
        ("outcome=failed", {"broken"}),
        ("outcome=refused", {"refused"}),
        ("status=502", {"broken"}),
        ("status=4xx", {"refused"}),
        ("status=9xx&since=nonsense&until=0001-01-01&after=x", {"fine", "broken", "refused"}),
        ("model=broken", {"broken"}),
        ("upstream=first-vendor", {"broken"}),
        ("organization=org_globex", {"refused"}),
        ("site=other", set()),
        ("key=nobodys", set()),
        ("key=%00&id=%00&status=%00", {"fine", "broken", "refused"}),
    ],
)
def test_filters(
    operator: Client, acme: Organization, globex: Organization, query: str, found: set[str]
) -> None:
    made = {
        calls.record(acme, model="fine").pk: "fine",
        calls.record(acme, model="broken", status=502, attempts=ATTEMPTS).pk: "broken",
        calls.refusal(globex, model="refused").pk: "refused",
    }
    assert {made[each] for each in ids(operator, f"/ops/requests?{query}")} == found


def test_filters_by_key_id_and_time(onlooker: Client, acme: Organization, acme_key: ApiKey) -> None:
    now = timezone.now()
    mine = calls.record(acme, api_key=acme_key)
    old = calls.record(acme, at=now - timedelta(days=3))
    day = old.admitted_at.date().isoformat()
    for query, row in (
        (f"key={acme_key.id}", mine),
        (f"key={acme_key.id}&organization={acme.pk}", mine),
        (f"id={old.pk}", old),
        (f"since={day}&until={day}", old),
        (f"since={(now - timedelta(hours=1)).strftime('%Y-%m-%dT%H:%M')}", mine),
    ):
        assert ids(onlooker, f"/site/requests?{query}") == {row.pk}
    assert ids(onlooker, f"/site/requests?key={acme_key.id}&organization=org_globex") == set()


def test_pages_go_back_by_key(onlooker: Client, acme: Organization, globex: Organization) -> None:
    now = timezone.now()
    made = {
        (calls.record if n % 3 else calls.refusal)(
            globex if n % 2 else acme, at=now - timedelta(seconds=n // 4)
        ).pk
        for n in range(PAGE_ROWS + 7)
    }
    seen: set[str] = set()
    address: str | None = "/site/requests"
    while address:
        found = ids(onlooker, address)
        assert not found & seen
        seen |= found
        older = re.search(r'rel="next" href="([^"]+)"', onlooker.get(address).content.decode())
        address = older[1].replace("&amp;", "&") if older else None
    assert seen == made


def test_a_search_that_takes_too_long_says_so(
    onlooker: Client, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_calls, "_organization_of", lambda filters: _slow())
    monkeypatch.setattr(staff_calls, "SEARCH_MS_MAX", 1)
    page = onlooker.get("/site/requests")
    assert page.status_code == 200
    assert "takes too long" in page.content.decode()


def _slow() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(5)")
    return ""


def test_few_queries(
    onlooker: Client, acme: Organization, django_assert_max_num_queries: object
) -> None:
    for _ in range(3):
        calls.record(acme)
        calls.refusal(acme)
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        onlooker.get("/site/requests")
