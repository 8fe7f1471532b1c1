"""The balance of an organization, the lines of its account, and the budgets it sets itself."""

from typing import Any

from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Fields, Flag, Nanos, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OrganizationView
from accounts.models import BudgetPeriod, Organization
from accounts.permissions import Act
from accounts.scopes import Scope
from billing import balances, budgets
from billing.reports import statement


class Balance(Fields):
    """Nanos of the site's currency. `available_nanos` is what the next call can spend."""

    currency = Text()
    posted_nanos = Nanos()
    held_nanos = Nanos()
    available_nanos = Nanos()
    is_live = Flag(help_text="false: the gate can't be asked now; figures are the books'")


class StatementLine(Fields):
    """One movement of the balance."""

    id = Fields.integer()
    at = Time()
    kind = Text()
    reason = Text(allow_blank=True)
    amount_nanos = Nanos()
    balance_after_nanos = Nanos()


class Budget(Fields):
    """What an organization allows itself to spend in a period, and how much of it is gone."""

    period = serializers.ChoiceField(BudgetPeriod.values)
    limit_nanos = Nanos()
    spent_nanos = Nanos()
    ends_at = Time(allow_null=True)


class Budgets(Fields):
    """One for each kind of period; all count."""

    items = Budget(many=True)


class BudgetLimit(Fields):
    """The bound of one kind of period."""

    limit_nanos = Nanos(maximum=budgets.LIMIT_NANOS_MAX)


class BalanceDetail(OrganizationView):
    @operation("balance.read", Scope.MONEY_READ, act=Act.SEE_MONEY, answer=Balance)
    def get(self, call: Call) -> dict[str, Any]:
        """Read the balance."""
        return balance_of(call.organization)


class StatementList(OrganizationView):
    @operation(
        "statement.list", Scope.MONEY_READ, act=Act.SEE_MONEY, answer=StatementLine, is_page=True
    )
    def get(self, call: Call) -> Page:
        """List movements of the balance, the newest first."""
        return statement_of(call.organization, call.query)


class BudgetList(OrganizationView):
    @operation("budgets.list", Scope.MONEY_READ, act=Act.SEE_MONEY, answer=Budgets)
    def get(self, call: Call) -> dict[str, Any]:
        """List the organization's own budgets."""
        return {"items": budgets.read(call.organization)}


def balance_of(organization: Organization) -> dict[str, Any]:
    """As customers and staff read it."""
    found = balances.read(organization)
    return {
        "currency": organization.site.currency,
        "posted_nanos": found.posted_nanos,
        "held_nanos": found.held_nanos,
        "available_nanos": found.available_nanos,
        "is_live": found.is_live,
    }


def statement_of(organization: Organization, query: dict[str, Any]) -> Page:
    """A page of the lines; the cursor is the last line's id."""
    after = paging.unpack(query.get("cursor"), int)
    found = statement.read(
        organization, before=after[0] if after else None, rows_max=query["limit"]
    )
    return Page(found.lines, paging.pack(found.older) if found.older else None)
