"""Files and reports are made for a place whose time zone this machine does not know, in UTC."""

from datetime import UTC, datetime

import pytest

from accounts.models import Organization, Site
from billing import credits
from billing.reports import house_money
from billing.statements import of_month
from billing.web import statement_file

pytestmark = pytest.mark.django_db
ODD = "Mars/Olympus"


@pytest.fixture
def odd(acme: Organization, site: Site) -> Organization:
    for row in (acme, site):
        row.time_zone = ODD
        row.save(update_fields=["time_zone"])
    credits.top_up(acme, amount_nanos=5, external_id="odd", reason="test")
    return acme


def test_the_ledger_of_such_a_site_is_read_by_days_of_utc(odd: Organization) -> None:
    today = datetime.now(UTC).date()
    rows = list(house_money.ledger_rows([odd.site], today, today))
    assert any(row[6] == odd.pk and row[9] == 5 for row in rows)


def test_the_statement_of_such_a_customer_has_times_of_utc(odd: Organization) -> None:
    month = datetime.now(UTC).date().replace(day=1)
    _, *moves, _ = statement_file._rows(of_month(odd, month), odd)
    assert moves
    assert all(str(move[0]).endswith("+00:00") for move in moves)
