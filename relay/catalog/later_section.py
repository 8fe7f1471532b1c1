"""Prices of a file that begin later, and what a file says of customers: budgets and their plan."""

from datetime import datetime

from accounts.models import BudgetPeriod
from billing.budgets import LIMIT_NANOS_MAX
from billing.money import parse_nanos
from relay.catalog import price_section, values
from relay.catalog.document import UNSET, Components, CustomerSpec, PriceKey, Unset
from relay.catalog.sections import Section

ORGANIZATION_ID_CHARS_MAX = 40  # the column's


def read_scheduled(top: Section) -> dict[PriceKey, Components]:
    """The entries of `scheduled_prices`; their lines are found under `scheduled_prices.KEY`."""
    found: dict[PriceKey, Components] = {}
    for section in top.sections("scheduled_prices"):
        model = section.text("model", values.model_id, is_required=True)
        begins = section.text("from", values.instant, is_required=True)
        site = section.text("site", values.slug)
        organization = section.text("organization", values.text(ORGANIZATION_ID_CHARS_MAX))
        components = price_section.read(section, "price", may_be_empty=True)
        section.finish()
        if components is UNSET and not section.has("price"):
            section.problem(section.line, f"{section.at('price')}: missing")
        if UNSET in (model, begins) or components is UNSET:
            continue
        assert isinstance(begins, datetime)
        key = PriceKey(
            str(model),
            "" if site is UNSET else site,
            "" if organization is UNSET else organization,
            begins.isoformat(),
        )
        _check(section, key, components, is_known=key in found)
        section.rename(f"scheduled_prices.{key.path}")
        found[key] = components
    return found


def _check(section: Section, key: PriceKey, components: Components, *, is_known: bool) -> None:
    if key.site and key.organization:
        section.problem(section.line, f"{section.path}: for a site or an organization, not both")
    if not components and not key.site and not key.organization:
        section.problem(section.line, f"{section.path}: the default price can only be replaced")
    if is_known:
        section.problem(section.line, f"{section.path}: there twice")


def read_customers(top: Section) -> dict[str, CustomerSpec]:
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
