"""What a file says of customers: budgets and their plan."""

from accounts.models import BudgetPeriod
from billing.budgets import LIMIT_NANOS_MAX
from billing.money import parse_nanos
from relay.catalog import values
from relay.catalog.document import UNSET, CustomerSpec, Unset
from relay.catalog.sections import Section


def read(top: Section) -> dict[str, CustomerSpec]:
    """The entries of `customers`, by organization."""
    listed = top.section("customers")
    if listed is None:
        return {}
    found = {}
    for organization_id in listed.names():
        section = listed.section(organization_id)
        if section is not None:
            found[organization_id] = _customer(section, organization_id)
            section.finish()
    return found


def _customer(section: Section, organization_id: str) -> CustomerSpec:
    plan = None if section.is_null("plan") else section.text("plan", values.slug)
    return CustomerSpec(id=organization_id, plan=plan, budgets=_budgets(section))


def _budgets(section: Section) -> dict[str, int] | Unset:
    listed = section.section("budgets")
    if listed is None:
        return UNSET
    found = {period: listed.text(period, _limit) for period in BudgetPeriod.values}
    listed.finish()
    return {period: nanos for period, nanos in found.items() if nanos is not UNSET}


def _limit(text: str) -> int:
    nanos = parse_nanos(text)
    if not 0 < nanos <= LIMIT_NANOS_MAX:
        raise ValueError("a budget is above 0 and no more than can be counted")
    return nanos
