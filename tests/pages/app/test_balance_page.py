"""The balance page shows every movement with what was left after it."""

import re

from django.test import Client
from redis import Redis

from accounts.models import BudgetPeriod, Organization
from billing import budgets, credits
from billing.reports import statement
from tests.factories.billing import UNIT


def top_up(organization: Organization, number: int) -> None:
    credits.top_up(
        organization, amount_nanos=UNIT, reason=f"invoice {number}", external_id=f"n{number}"
    )


def test_ledger_lines_newest_first(gate: Redis, page_client: Client, acme: Organization) -> None:
    top_up(acme, 1)
    page = page_client.get("/app/balance").content.decode()
    assert page.index("invoice 1") < page.index("opening")
    assert "+$1.000000" in page
    assert "$101.000000" in page


def test_paging_shows_every_line_once(gate: Redis, page_client: Client, acme: Organization) -> None:
    for number in range(statement.PAGE_ROWS + 3):
        top_up(acme, number)
    first = page_client.get("/app/balance").content.decode()
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = page_client.get(older[1]).content.decode()
    lines = [re.findall(r"invoice \d+|opening", page) for page in (first, second)]
    assert len(lines[0]) == statement.PAGE_ROWS
    assert len(set(lines[0] + lines[1])) == statement.PAGE_ROWS + 4


def test_nonsense_is_the_newest(page_client: Client) -> None:
    for before in ("x", "-1", "9" * 40, "١"):
        assert page_client.get("/app/balance", {"before": before}).status_code == 200


def test_the_organizations_budget_is_shown(
    gate: Redis, page_client: Client, acme: Organization
) -> None:
    assert "Organization budget" not in page_client.get("/app/balance").content.decode()
    budgets.choose(acme, period=BudgetPeriod.MONTH, limit_nanos=5 * UNIT)
    page = page_client.get("/app/balance").content.decode()
    assert "Organization budget" in page
    assert "$0.00 of $5.00" in page
