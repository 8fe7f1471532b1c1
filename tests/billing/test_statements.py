"""A statement is opening, movements and closing, and the months of a customer hang together."""

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from accounts.models import Organization
from billing import ledger, posting, statements
from billing.statements import Move, compose
from tests.factories.billing import UNIT, append_usage, usage_event

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(-(10**12), 10**12))),
)
def test_closing_is_opening_and_all_moves(opening: int, moves: list[tuple[int, int]]) -> None:
    made = [Move(NOON + timedelta(seconds=at), "top_up", "", nanos) for at, nanos in moves]
    statement = compose(opening, made)
    assert statement.closing_nanos == opening + sum(nanos for _, nanos in moves)
    assert [line.move.at for line in statement.lines] == sorted(each.at for each in made)
    last = statement.lines[-1].balance_nanos if statement.lines else opening
    assert last == statement.closing_nanos
    assert statement.total_nanos("top_up") == statement.closing_nanos - opening


def test_a_month_begins_and_ends_at_the_customer_s_midnight() -> None:
    start, end = statements.span_of(date(2026, 12, 15), ZoneInfo("Asia/Shanghai"))
    assert start.astimezone(UTC) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert end.astimezone(UTC) == datetime(2026, 12, 31, 16, tzinfo=UTC)


def run(organization: Organization, month: str) -> dict[str, object]:
    out = StringIO()
    call_command("statement", "--organization", organization.pk, "--month", month, stdout=out)
    answer: dict[str, object] = json.loads(out.getvalue())
    return answer


@pytest.mark.django_db(transaction=True)
def test_usage_is_one_movement_a_day_and_the_next_month_opens_with_the_closing(
    gate: Redis, acme: Organization
) -> None:
    for _ in range(3):
        append_usage(usage_event(acme), debited_nanos=UNIT)
        posting.drain(acme.site_id, "worker", until_s=0)
    month = timezone.now().date().replace(day=1)
    this = run(acme, f"{month:%Y-%m}")
    assert this["opening_nanos"] == 0
    movements = this["movements"]
    assert isinstance(movements, list)
    kinds = [(each["kind"], each["amount_nanos"], each["entries"]) for each in movements]
    assert kinds[0] == ("top_up", 100 * UNIT, 1)
    assert sum(nanos for kind, nanos, _ in kinds if kind == "charge") == -3 * UNIT
    assert sum(entries for kind, _, entries in kinds if kind == "charge") == 3
    assert this["closing_nanos"] == ledger.balance_nanos(acme.pk) == 97 * UNIT
    following = run(acme, f"{month.replace(day=28) + timedelta(days=4):%Y-%m}")
    assert (following["opening_nanos"], following["movements"]) == (97 * UNIT, [])


@pytest.mark.django_db
def test_a_balance_is_told_as_of_any_instant(acme: Organization) -> None:
    now = timezone.now()
    assert ledger.balance_nanos_at(acme.pk, now - timedelta(hours=1)) == 0
    assert ledger.balance_nanos_at(acme.pk, now + timedelta(hours=1)) == 100 * UNIT
    with connection.cursor() as cursor:
        cursor.execute("SELECT created_at FROM billing_ledgertransaction ORDER BY id LIMIT 1")
        booked_at = cursor.fetchone()[0]
    assert ledger.balance_nanos_at(acme.pk, booked_at) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("month", ["2026-13", "2026", "0000-01", "9999-12", "2026-1"])
def test_a_month_that_is_none_is_refused(zero: Organization, month: str) -> None:
    with pytest.raises(CommandError, match="2026-11"):
        run(zero, month)
