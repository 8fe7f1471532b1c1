"""The balance, how to add to it, and every movement of it."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import Act, may
from accounts.web.access import member_page
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from billing import balances, budgets
from billing.reports import statement
from billing.web import statement_file

# Ledger ids are 64-bit; a longer number can only be nonsense.
ID_DIGITS_MAX = 18


@require_safe
@member_page(Act.SEE_MONEY)
def balance(request: MemberRequest) -> HttpResponse:
    """C8 and C9: available, held and posted; the ledger."""
    text = request.GET.get("before", "")
    is_id = text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX
    before = int(text) if is_id else None
    lines = statement.read(request.organization, before=before)
    here = reverse("balance")
    context = {
        "balance": lambda: balances.read(request.organization),
        "budgets": lambda: budgets.read(request.organization),
        "statement": lines,
        "may_redeem": may(request.membership.role, Act.MANAGE_MONEY),
        "month": timezone.localdate(),
        "older_url": f"{here}?before={lines.older}" if lines.older else "",
        "newest_url": here if before else "",
    }
    return render_page(request, "app/balance.html", context, fragments=("funds", "ledger"))


@require_safe
@member_page(Act.SEE_MONEY)
def statement_csv(request: MemberRequest) -> HttpResponseBase:
    """A month of the ledger as a file, usage by day."""
    return statement_file.answer(request, request.organization) or redirect("balance")
