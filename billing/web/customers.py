"""Customers, for operators and for a site's staff: find one, see all of it, tab by tab."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import customer_notes
from accounts.models import ApiKey, Membership, Organization
from accounts.permissions import StaffAct
from accounts.reports import audit_search
from accounts.web.doors import Door, staff_view
from accounts.web.pages import render_page
from billing import balances, budgets, plans
from billing.models import BlockEpisode, OrganizationPlan, Plan
from billing.reports import calls, customers, days, price_chains, spend, statement
from billing.reports.keys import state_of
from billing.web.balance import ID_DIGITS_MAX
from billing.web.budget_form import BudgetForm

# A glance at each; tabs and the customer's own pages hold the rest.
KEYS_MAX = 50
LINES_MAX = 20
MEMBERS_MAX = 50
EPISODES_MAX = 10
NOTES_SHOWN = 100
# A deployment has a handful.
PLANS_MAX = 200
# What the pages' addresses are called behind either door.
PAGES = (
    *("organizations", "organization", "organization_switch", "organization_budget"),
    *("organization_plan", "organization_tags", "organization_note", "top_up", "debit"),
    *("requests", "request", "view_as", "organization_statement", "contract", "price_cancel"),
)


@staff_view(StaffAct.SEE_SITE)
@require_safe
def customer_list(request: HttpRequest, door: Door) -> HttpResponse:
    """T2 and O7. Search, newest first."""
    search = customers.search_text(request.GET.get("q", ""))
    after = calls.parse_cursor(request.GET.get("after", ""))
    page = customers.page(search, site=door.site, after=after)
    here = reverse(door.page("organizations"))
    kept = {"q": search} if search else {}
    older = urlencode({**kept, "after": str(page.older)})
    context = {
        "search": search,
        "page": page,
        "spend_days": customers.SPEND_DAYS,
        "older_url": f"{here}?{older}" if page.older else "",
        "newest_url": f"{here}?{urlencode(kept)}" if after else "",
    }
    return render_page(request, "staff/customers.html", frame(door) | context)


@staff_view(StaffAct.SEE_SITE)
@require_safe
def customer_detail(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """T3 and O8."""
    customer = door.find(organization_id)
    asked = request.GET.get("tab", "")
    tab = asked if asked in TABS else "overview"
    context = {"tab": tab, "tabs": list(TABS), **about(door, customer)}
    return render_page(request, "staff/customer.html", context | TABS[tab](request, door, customer))


def frame(door: Door) -> dict[str, Any]:
    """What the templates need of the door."""
    return {
        "door": door,
        "urls": {name: door.page(name) for name in PAGES},
        "may_serve": door.may(StaffAct.SERVE_CUSTOMERS),
        "may_move_money": door.may(StaffAct.MOVE_MONEY),
        "may_price": door.may(StaffAct.CHANGE_PRICES),
    }


def about(door: Door, customer: Organization) -> dict[str, Any]:
    """What every page of a customer shows."""
    return {**frame(door), "customer": customer, "currency": customer.site.currency}


def overview_tab(request: HttpRequest, door: Door, customer: Organization) -> dict[str, Any]:
    keys = ApiKey.objects.filter(organization=customer).order_by("-created_at")[:KEYS_MAX]
    episodes = BlockEpisode.objects.filter(organization=customer, closed_at=None)
    members = Membership.objects.filter(organization=customer).select_related("user")
    return {
        "balance": balances.read(customer),
        "budgets": budgets.read(customer),
        "budget_form": BudgetForm(),
        "plan": plans.plan_of(customer),
        "keys": [(key, state_of(key)) for key in keys],
        "members": members.order_by("created_at")[:MEMBERS_MAX],
        "episodes": episodes.order_by("-last_at")[:EPISODES_MAX],
        "lines": statement.read(customer, rows_max=LINES_MAX).lines,
    }


def limits_tab(request: HttpRequest, door: Door, customer: Organization) -> dict[str, Any]:
    own = OrganizationPlan.objects.filter(organization=customer).first()
    return {
        "plan": plans.plan_of(customer),
        "own_plan_id": own.plan_id if own else "",
        "plans": Plan.objects.order_by("id")[:PLANS_MAX],
    }


def usage_tab(request: HttpRequest, door: Door, customer: Organization) -> dict[str, Any]:
    span = days.last(customers.SPEND_DAYS)
    brought = customers.lately([customer.pk])
    return {
        "spend_days": customers.SPEND_DAYS,
        "lately": brought.get(customer.pk, (customers.Lately(), None))[0],
        "by_model": spend.totals(customer, span, "model"),
        "by_key": spend.totals(customer, span, "key"),
    }


def requests_tab(request: HttpRequest, door: Door, customer: Organization) -> dict[str, Any]:
    after = calls.parse_cursor(request.GET.get("after", ""))
    page = calls.page(customer, after=after)
    return {"calls": page.rows, **pages_of("requests", after, page.older, "after")}


def ledger_tab(request: HttpRequest, door: Door, customer: Organization) -> dict[str, Any]:
    before = _row_id(request.GET.get("before", ""))
    read = statement.read(customer, before=before)
    return {"lines": read.lines, **pages_of("ledger", before, read.older, "before")}


def prices_tab(request: HttpRequest, door: Door, customer: Organization) -> dict[str, Any]:
    return {"contracts": price_chains.of_customer(customer, timezone.now())}


def notes_tab(request: HttpRequest, door: Door, customer: Organization) -> dict[str, Any]:
    return {
        "notes": customer.notes.select_related("author").order_by("-pk")[:NOTES_SHOWN],
        "tags": customer_notes.tags_of(customer),
        "note_chars_max": customer_notes.TEXT_CHARS_MAX,
    }


def audit_tab(request: HttpRequest, door: Door, customer: Organization) -> dict[str, Any]:
    before = _row_id(request.GET.get("before", ""))
    filters = audit_search.Filters(organization=customer.pk)
    page = audit_search.page(filters, door.site, before=before)
    return {"changes": page.lines, **pages_of("audit", before, page.older, "before")}


TABS: dict[str, Callable[[HttpRequest, Door, Organization], dict[str, Any]]] = {
    "overview": overview_tab,
    "limits": limits_tab,
    "usage": usage_tab,
    "requests": requests_tab,
    "ledger": ledger_tab,
    "prices": prices_tab,
    "notes": notes_tab,
    "audit": audit_tab,
}


def pages_of(tab: str, now: object, older: object, name: str) -> dict[str, str]:
    """The addresses of the pager of a tab."""
    return {
        "older_url": f"?{urlencode({'tab': tab, name: str(older)})}" if older else "",
        "newest_url": f"?tab={tab}" if now else "",
    }


def _row_id(text: str) -> int | None:
    is_id = text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX
    return int(text) if is_id else None
