"""Monthly statements: what a month did to a balance, for the customer and for staff."""

from datetime import date
from typing import Any

from accounts.api.fields import Fields, Nanos, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.problems import not_found
from accounts.api.views import OrganizationView, SiteView
from accounts.models import Organization
from accounts.permissions import Act, StaffAct
from accounts.scopes import Scope
from billing import statements
from billing.api.customers import find
from billing.statements import StatementTooLong


class StatementMove(Fields):
    """A movement; a day's usage is one, of so many entries."""

    at = Time(source="move.at")
    kind = Text(source="move.kind")
    reason = Text(source="move.reason", allow_blank=True)
    amount_nanos = Nanos(source="move.amount_nanos")
    entries = Fields.integer(source="move.entries")
    balance_after_nanos = Nanos(source="balance_nanos")


class MonthlyStatement(Fields):
    """From the first instant of the month to the next one's, where the customer is."""

    month = Text(help_text="YYYY-MM")
    currency = Text()
    opening_nanos = Nanos()
    closing_nanos = Nanos()
    items = StatementMove(many=True)


class StatementOfMonth(OrganizationView):
    @operation(
        "statement.month",
        Scope.MONEY_READ,
        act=Act.SEE_MONEY,
        answer=MonthlyStatement,
        raises=(StatementTooLong,),
    )
    def get(self, call: Call, month: str) -> dict[str, Any]:
        """Read the statement of a month, YYYY-MM. Usage is one movement a day."""
        return stated(call.organization, month)


class CustomerStatementOfMonth(SiteView):
    @operation(
        "site.customer.statement.month",
        Scope.MONEY_READ,
        act=StaffAct.SEE_SITE,
        answer=MonthlyStatement,
        raises=(StatementTooLong,),
    )
    def get(self, call: Call, organization_id: str, month: str) -> dict[str, Any]:
        """Read a customer's statement of a month, YYYY-MM. Usage is one movement a day."""
        return stated(find(call, organization_id), month)


def stated(organization: Organization, month: str) -> dict[str, Any]:
    """404 for what is no month."""
    first = month_of(month)
    found = statements.of_month(organization, first)
    return {
        "month": month,
        "currency": organization.site.currency,
        "opening_nanos": found.opening_nanos,
        "closing_nanos": found.closing_nanos,
        "items": found.lines,
    }


def month_of(text: str) -> date:
    """Its first day. Years are ours: nobody had a balance before, and dates end at 9999."""
    year, _, month = text.partition("-")
    is_month = len(year) == 4 and len(month) == 2 and f"{year}{month}".isdecimal()
    if not is_month or not text.isascii() or not 2000 <= int(year) < 2200:
        raise not_found()
    if not 1 <= int(month) <= 12:
        raise not_found()
    return date(int(year), int(month), 1)
