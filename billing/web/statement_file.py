"""A customer's month as a CSV file: opening, every movement with the balance it left, closing."""

from collections.abc import Iterator
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization
from accounts.time_zones import zone_of
from accounts.web import csv_answer
from billing import statements
from billing.money import format_nanos
from billing.statements import Statement

HEADER = (
    *("time", "kind", "amount", "balance", "currency", "reason"),
    *("entries", "amount_nanos", "balance_nanos"),
)


def answer(request: HttpRequest, organization: Organization) -> HttpResponseBase | None:
    """The file of the month that the URL asks for, `month=2026-11`; this month's without. None when
    there are too many movements for one: the reader is told."""
    month = month_of(request.GET.get("month", ""))
    try:
        statement = statements.of_month(organization, month)
    except statements.StatementTooLong:
        messages.error(request, _("That month has too many movements for one file."))
        return None
    name = f"statement-{month.strftime('%Y-%m')}.csv"
    return csv_answer.answer(request, name, HEADER, _rows(statement, organization))


def month_of(text: str) -> date:
    """Its first day; the current month for what is none."""
    today = timezone.localdate().replace(day=1)
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today
    return found if date.min.year < found.year < date.max.year else today


def _rows(statement: Statement, organization: Organization) -> Iterator[list[object]]:
    currency, zone = organization.site.currency, zone_of(organization.time_zone)
    yield _edge("opening", statement.opening_nanos, currency)
    for line in statement.lines:
        move = line.move
        yield [
            *(move.at.astimezone(zone).isoformat(), move.kind, format_nanos(move.amount_nanos)),
            *(format_nanos(line.balance_nanos), currency, move.reason),
            *(move.entries, move.amount_nanos, line.balance_nanos),
        ]
    yield _edge("closing", statement.closing_nanos, currency)


def _edge(word: str, balance_nanos: int, currency: str) -> list[object]:
    return ["", word, "", format_nanos(balance_nanos), currency, "", "", "", balance_nanos]
