"""Budgets of a site's customers as a whole, which its staff set."""

from typing import Any

from accounts.api.operations import Call, operation
from accounts.api.problems import not_found
from accounts.api.views import SiteView
from accounts.models import BudgetPeriod
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing import budgets
from billing.api.customers import find
from billing.api.money import BudgetLimit, Budgets


class CustomerBudgets(SiteView):
    @operation("site.customer.budgets", Scope.CUSTOMERS_READ, act=StaffAct.SEE_SITE, answer=Budgets)
    def get(self, call: Call, organization_id: str) -> dict[str, Any]:
        """List a customer's budgets."""
        return {"items": budgets.read(find(call, organization_id))}


class CustomerBudget(SiteView):
    @operation(
        "site.customer.budgets.set",
        Scope.CUSTOMERS_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        body=BudgetLimit,
        answer=Budgets,
    )
    def put(self, call: Call, organization_id: str, period: str) -> dict[str, Any]:
        """Set the budget of one kind of period: day, week, month or total. What was spent in the
        running one counts already."""
        customer, kind = find(call, organization_id), period_of(period)
        limit_nanos = call.body["limit_nanos"]
        budgets.choose(customer, period=kind, limit_nanos=limit_nanos, by=call.by)
        return {"items": budgets.read(customer)}

    @operation(
        "site.customer.budgets.remove",
        Scope.CUSTOMERS_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        status=204,
    )
    def delete(self, call: Call, organization_id: str, period: str) -> None:
        """Take the budget of one kind of period away. Repeating it changes nothing."""
        budgets.remove(find(call, organization_id), period_of(period), by=call.by)


def period_of(word: str) -> BudgetPeriod:
    """404 for what is no kind of period."""
    if word not in BudgetPeriod.values:
        raise not_found()
    return BudgetPeriod(word)
