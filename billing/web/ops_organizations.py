"""Staff pages of organizations: find one, see all of it, suspend and resume it, set its budgets."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, organizations
from accounts.models import ApiKey, BudgetPeriod, Membership, Organization
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing import balances, budgets
from billing.models import BlockEpisode
from billing.reports import calls, customers, statement
from billing.reports.keys import state_of
from billing.web.budget_form import BudgetForm

# A glance at each; the customer's own pages hold the rest.
KEYS_MAX = 50
CALLS_MAX = 10
LINES_MAX = 20
MEMBERS_MAX = 50
EPISODES_MAX = 10


@require_safe
@operator_page
def organization_list(request: HttpRequest) -> HttpResponse:
    """Search, newest first."""
    search = customers.search_text(request.GET.get("q", ""))
    after = calls.parse_cursor(request.GET.get("after", ""))
    page = customers.page(search, after=after)
    here = reverse("ops_organizations")
    kept = {"q": search} if search else {}
    context = {
        "search": search,
        "page": page,
        "older_url": f"{here}?{urlencode({**kept, 'after': str(page.older)})}"
        if page.older
        else "",
        "newest_url": f"{here}?{urlencode(kept)}" if after else "",
    }
    return render_page(request, "ops/organizations.html", context)


@require_safe
@operator_page
def organization_detail(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Balance, keys, members, last calls and ledger of one customer."""
    customer = _find(organization_id)
    keys = ApiKey.objects.filter(organization=customer).order_by("-created_at")[:KEYS_MAX]
    episodes = BlockEpisode.objects.filter(organization=customer, closed_at=None)
    members = Membership.objects.filter(organization=customer).select_related("user")
    context = {
        "customer": customer,
        "currency": customer.site.currency,
        "balance": balances.read(customer),
        "budgets": budgets.read(customer),
        "budget_form": BudgetForm(),
        "keys": [(key, state_of(key)) for key in keys],
        "members": members.order_by("created_at")[:MEMBERS_MAX],
        "episodes": episodes.order_by("-last_at")[:EPISODES_MAX],
        "calls": calls.page(customer, rows_max=CALLS_MAX).rows,
        "lines": statement.read(customer, rows_max=LINES_MAX).lines,
    }
    return render_page(request, "ops/organization.html", context)


@require_POST
@operator_page
def switch_organization(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Suspend or resume."""
    customer = _find(organization_id)
    is_active = request.POST.get("active") == "1"
    organizations.set_active(customer, is_active=is_active, by=audit.actor_of(request))
    text = _("%(name)s may call again.") if is_active else _("%(name)s is suspended.")
    messages.success(request, text % {"name": customer.name})
    return redirect("ops_organization", customer.pk)


@require_POST
@operator_page
def set_budget(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Set the budget of one kind of period, or remove it."""
    customer = _find(organization_id)
    removed = request.POST.get("remove", "")
    if removed in BudgetPeriod.values:
        budgets.remove(customer, BudgetPeriod(removed), by=audit.actor_of(request))
        messages.success(request, _("The budget is removed."))
        return redirect("ops_organization", customer.pk)
    form = BudgetForm(request.POST)
    if form.is_valid():
        period = BudgetPeriod(form.cleaned_data["period"])
        limit_nanos = form.cleaned_data["amount"]
        by = audit.actor_of(request)
        budgets.choose(customer, period=period, limit_nanos=limit_nanos, by=by)
        messages.success(request, _("The budget is set."))
    else:
        messages.error(request, " ".join(map(str, form.errors.popitem()[1])))
    return redirect("ops_organization", customer.pk)


def _find(organization_id: str) -> Organization:
    return get_object_or_404(Organization.objects.select_related("site"), pk=organization_id)
