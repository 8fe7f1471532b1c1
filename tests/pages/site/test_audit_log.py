"""Staff read the trail of changes: a site's own, or the deployment's; nobody else's."""

import csv
from io import StringIO

import pytest
from django.test import Client

from accounts import audit
from accounts.models import Organization, Site, User, Via
from accounts.reports import audit_search
from tests.factories import accounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail(acme: Organization, other_site: Site) -> None:
    ann = User.objects.create_user("ann@acme.test")
    op = User.objects.create_user("boss@example.com", is_operator=True)
    by_ann = audit.Actor(Via.PAGE, ann.email, ann, "203.0.113.7", "page-1")
    by_op = audit.Actor(Via.PAGE, op.email, op, "198.51.100.9", "page-2")
    audit.record(by_ann, "key.create", acme, organization=acme, after={"name": "=cmd()"})
    audit.record(by_op, "balance.credit", acme, organization=acme, reason="invoice 7")
    stranger = accounts.organization("Stranger", on=other_site)
    audit.record(by_op, "key.create", stranger, organization=stranger)


def rows_of(client: Client, path: str) -> list[dict[str, str]]:
    response = client.get(path)
    assert response.status_code == 200
    text = b"".join(response).decode("utf-8-sig")  # type: ignore[call-overload]
    return list(csv.DictReader(StringIO(text)))


def test_a_sites_staff_see_its_own_changes_only(trail: None, onlooker: Client) -> None:
    page = onlooker.get("/site/audit").content.decode()
    assert "key.create" in page
    assert "invoice 7" in page
    assert "Stranger" not in page


def test_an_operator_sees_all_sites(trail: None, operator: Client) -> None:
    page = operator.get("/ops/audit").content.decode()
    assert "Stranger" in page
    assert "boss@example.com" in page


def test_a_site_does_not_learn_who_the_operators_are(trail: None, keeper: Client) -> None:
    page = keeper.get("/site/audit").content.decode()
    assert "boss@example.com" not in page
    assert "198.51.100.9" not in page
    assert "203.0.113.7" in page
    named = [row["actor"] for row in rows_of(keeper, "/site/audit.csv")]
    assert named == ["operator", "ann@acme.test"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=ann@acme.test", 1),
        ("action=balance.", 1),
        ("action=key", 2),
        ("request_id=page-2", 2),
        ("organization=nobody", 0),
        ("since=2999-01-01", 0),
        ("until=2999-01-01", 3),
        ("since=2026-01-01&until=2999-01-01", 3),
        ("since=0001-01-01", 3),
        ("until=2001-01-01", 0),
        ("until=0001-01-01", 0),
        ("since=nonsense&actor=%00", 3),
    ],
)
def test_filters_narrow_page_and_file_alike(
    trail: None, operator: Client, query: str, found: int
) -> None:
    assert len(rows_of(operator, f"/ops/audit.csv?{query}")) == found
    assert operator.get(f"/ops/audit?{query}").content.count(b'scope="row"') == 0
    lines = operator.get(f"/ops/audit?{query}").context["page"].lines
    assert len(lines) == found


def test_pages_go_back_by_key(trail: None, operator: Client) -> None:
    first = audit_search.page(audit_search.Filters(), None, rows_max=2)
    assert first.older is not None
    second = audit_search.page(audit_search.Filters(), None, before=first.older, rows_max=2)
    seen = [line.record.pk for line in (*first.lines, *second.lines)]
    assert len(seen) == 3
    assert seen == sorted(seen, reverse=True)


def test_the_file_holds_no_formula(trail: None, operator: Client) -> None:
    cells = [cell for row in rows_of(operator, "/ops/audit.csv") for cell in row.values()]
    assert not any(cell.startswith(("=", "@")) for cell in cells)


def test_a_stranger_sees_neither(trail: None, outsider: Client, keeper: Client) -> None:
    for path in ("/site/audit", "/site/audit.csv", "/ops/audit", "/ops/audit.csv"):
        assert outsider.get(path).status_code == 404
    assert keeper.get("/ops/audit").status_code == 404
