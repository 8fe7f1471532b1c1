"""Staff see what the books hold, who owes, and take the ledger along as a file; customers, their
own month."""

import csv
from io import StringIO

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, Site
from billing import ledger
from billing.ledger import AccountKind, TransactionKind
from billing.models import LedgerAccount
from billing.reports import house_money
from tests.factories import accounts, billing
from tests.pages.people import logged_in, member_of


def rows_of(client: Client, address: str) -> list[dict[str, str]]:
    response = client.get(address)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(StringIO(text)))


@pytest.fixture
def abroad(other_site: Site) -> Organization:
    organization = accounts.organization("Abroad", on=other_site)
    billing.money(organization, 7)
    return organization


def test_a_sites_staff_take_their_own_ledger_and_operators_all(
    onlooker: Client, operator: Client, acme: Organization, abroad: Organization
) -> None:
    ours = rows_of(onlooker, f"/site/money/ledger.csv?site={abroad.site_id}")
    assert {row["site"] for row in ours} == {acme.site_id}
    assert [row["amount"] for row in ours if row["organization"] == acme.pk] == ["100.00"]
    everything = rows_of(operator, "/ops/money/ledger.csv")
    assert {row["site"] for row in everything} == {acme.site_id, abroad.site_id}
    theirs = rows_of(operator, f"/ops/money/ledger.csv?site={abroad.site_id}")
    assert {row["currency"] for row in theirs} == {"CNY"}
    for rows in (ours, theirs):
        assert sum(int(row["amount_nanos"]) for row in rows) == 0


def charge(organization: Organization, *, nanos: int, external_id: str) -> None:
    site_id = organization.site_id
    amounts = {
        ledger.customer(site_id, organization.pk): -nanos,
        ledger.house(site_id, AccountKind.REVENUE): nanos,
    }
    ledger.post(ledger.Posting(site_id, TransactionKind.CHARGE, external_id, amounts))


def test_usage_is_one_row_a_day_for_each_customer(
    onlooker: Client, acme: Organization, globex: Organization
) -> None:
    for number, who in enumerate((acme, acme, acme, globex)):
        charge(who, nanos=1_000 + number, external_id=f"batch-{number}")
    rows = [r for r in rows_of(onlooker, "/site/money/ledger.csv") if r["kind"] == "charge"]
    told = {(r["account"], r["organization"]): (r["amount_nanos"], r["entries"]) for r in rows}
    assert told == {
        ("organization", acme.pk): ("-3003", "3"),
        ("organization", globex.pk): ("-1003", "1"),
        ("revenue", ""): ("4006", "4"),
    }


def test_a_period_is_bounded(
    onlooker: Client, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    for query in ("since=2020-01-01&until=2026-01-01", "since=2026-02-02&until=2026-02-01"):
        page = onlooker.get(f"/site/money/ledger.csv?{query}", follow=True).content.decode()
        assert "Choose at most 100 days" in page
    assert rows_of(onlooker, "/site/money/ledger.csv?since=2026-01-01&until=2026-01-02") == []
    monkeypatch.setattr(house_money, "ROWS_MAX", 1)
    rows = rows_of(onlooker, "/site/money/ledger.csv?since=nonsense")
    assert [row["kind"] for row in rows] == ["top_up", "cut: choose a shorter period"]


def test_the_page_shows_accounts_and_who_owes(
    onlooker: Client, operator: Client, acme: Organization, abroad: Organization
) -> None:
    page = onlooker.get("/site/money").content.decode()
    assert "Nobody owes anything." in page
    assert "$100.00" in page
    assert "¥7.00" not in page
    LedgerAccount.objects.filter(organization=abroad).update(balance_nanos=-3_000_000_000)
    assert "Nobody owes anything." in onlooker.get("/site/money").content.decode()
    owing = operator.get("/ops/money").content.decode()
    assert "Abroad" in owing
    assert "-¥3.00" in owing


def test_a_customer_takes_a_month_along(acme: Organization, home: Site) -> None:
    client = logged_in(member_of(acme, "ann@acme.example"))
    rows = rows_of(client, f"/app/balance/statement.csv?month={timezone.now():%Y-%m}")
    assert [(row["kind"], row["balance"]) for row in rows] == [
        ("opening", "0.00"),
        ("top_up", "100.00"),
        ("closing", "100.00"),
    ]
    before = rows_of(client, "/app/balance/statement.csv?month=2020-01")
    assert [row["balance"] for row in before] == ["0.00", "0.00"]
    assert len(rows_of(client, "/app/balance/statement.csv?month=x")) == 3


def test_staff_take_a_customers_month_along_of_their_own_only(
    onlooker: Client, acme: Organization, abroad: Organization
) -> None:
    assert len(rows_of(onlooker, "/site/customers/id/org_acme/statement.csv")) == 3
    assert onlooker.get(f"/site/customers/id/{abroad.pk}/statement.csv").status_code == 404


def test_kinds_of_usage_are_kinds_of_the_ledger() -> None:
    assert set(house_money.USAGE_KINDS) <= set(TransactionKind)
