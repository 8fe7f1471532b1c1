"""What staff do to a customer but money: suspend, resume, plan, budgets, tags, notes."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit, customer_notes, organizations
from accounts.models import BudgetPeriod, Organization
from accounts.permissions import StaffAct
from accounts.web import view_as
from accounts.web.doors import Door, staff_view
from accounts.web.requests import SiteRequest
from billing import budgets, plans
from billing.models import Plan
from billing.web.budget_form import BudgetForm

REASON_CHARS_MAX = audit.REASON_CHARS_MAX


@staff_view(StaffAct.SERVE_CUSTOMERS)
@require_POST
def switch(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """Suspend or resume, with a reason."""
    customer = door.find(organization_id)
    is_active, reason = request.POST.get("active") == "1", reason_of(request)
    if not reason:
        messages.error(request, _("Please give a reason."))
        return back(door, customer, "limits")
    by = audit.actor_of(request)
    organizations.set_active(customer, is_active=is_active, by=by, reason=reason)
    text = _("%(name)s may call again.") if is_active else _("%(name)s is suspended.")
    messages.success(request, text % {"name": customer.name})
    return back(door, customer, "limits")


@staff_view(StaffAct.SERVE_CUSTOMERS)
@require_POST
def start_view_as(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """Open the customer's own pages, only to look, with a reason."""
    customer, reason = door.find(organization_id), reason_of(request)
    if not reason:
        messages.error(request, _("Please give a reason."))
        return back(door, customer)
    if customer.site_id != cast(SiteRequest, request).site.pk:
        messages.error(request, _("Its dashboard is on its own site. Log in there first."))
        return back(door, customer)
    here = reverse(door.page("organization"), args=[customer.pk])
    view_as.start(request, customer, reason=reason, back=here)
    return redirect("overview")


@staff_view(StaffAct.SERVE_CUSTOMERS)
@require_POST
def set_budget(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """Set the budget of one kind of period, or remove it."""
    customer, by = door.find(organization_id), audit.actor_of(request)
    removed = request.POST.get("remove", "")
    if removed in BudgetPeriod.values:
        budgets.remove(customer, BudgetPeriod(removed), by=by)
        messages.success(request, _("The budget is removed."))
        return back(door, customer)
    form = BudgetForm(request.POST)
    if form.is_valid():
        period = BudgetPeriod(form.cleaned_data["period"])
        budgets.choose(customer, period=period, limit_nanos=form.cleaned_data["amount"], by=by)
        messages.success(request, _("The budget is set."))
    else:
        messages.error(request, " ".join(map(str, form.errors.popitem()[1])))
    return back(door, customer)


@staff_view(StaffAct.SERVE_CUSTOMERS)
@require_POST
def choose_plan(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """A plan of its own, or the site's again; with a reason."""
    customer, reason = door.find(organization_id), reason_of(request)
    chosen = request.POST.get("plan", "")
    plan = get_object_or_404(Plan, pk=chosen) if chosen else None
    if not reason:
        messages.error(request, _("Please give a reason."))
        return back(door, customer, "limits")
    plans.choose(customer, plan, by=audit.actor_of(request), reason=reason)
    messages.success(request, _("The plan is changed."))
    return back(door, customer, "limits")


@staff_view(StaffAct.SERVE_CUSTOMERS)
@require_POST
def set_tags(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """The whole list, separated by commas."""
    customer = door.find(organization_id)
    names = request.POST.get("tags", "").replace("，", ",").split(",")
    try:
        customer_notes.set_tags(customer, names, by=audit.actor_of(request))
    except customer_notes.NoteRefused:
        words = {"count": customer_notes.TAGS_MAX, "chars": customer_notes.TAG_CHARS_MAX}
        text = _("At most %(count)s tags, each of at most %(chars)s characters.")
        messages.error(request, text % words)
    else:
        messages.success(request, _("The tags are saved."))
    return back(door, customer, "notes")


@staff_view(StaffAct.SERVE_CUSTOMERS)
@require_POST
def add_note(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """One more note."""
    customer = door.find(organization_id)
    try:
        customer_notes.add(customer, request.POST.get("text", ""), by=audit.actor_of(request))
    except customer_notes.NoteRefused:
        words = {"chars": customer_notes.TEXT_CHARS_MAX}
        messages.error(request, _("A note has 1 to %(chars)s characters.") % words)
    else:
        messages.success(request, _("The note is added."))
    return back(door, customer, "notes")


def reason_of(request: HttpRequest) -> str:
    """What was given, bounded; empty: nothing."""
    return request.POST.get("reason", "").replace("\0", "").strip()[:REASON_CHARS_MAX]


def back(door: Door, customer: Organization, tab: str = "") -> HttpResponse:
    """To the customer's page."""
    address = reverse(door.page("organization"), args=[customer.pk])
    return redirect(f"{address}?tab={tab}" if tab else address)
