"""The money of a site for its staff, of all sites for operators: accounts, who owes, the ledger as
a file; and one customer's month as a file."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.web import csv_answer
from accounts.web.doors import Door, staff_view
from accounts.web.pages import render_page
from billing.models import LedgerAccount
from billing.reports import house_money
from billing.web import statement_file

Kind = LedgerAccount.Kind
# In the order of the table; what customers hold together comes first.
KINDS = (
    *(Kind.CLEARING, Kind.REVENUE, Kind.GRANTS, Kind.ADJUSTMENTS),
    *(Kind.WRITE_OFF, Kind.COST, Kind.PAYABLE),
)


@staff_view(StaffAct.SEE_SITE)
@require_safe
def overview(request: HttpRequest, door: Door) -> HttpResponse:
    """O11, T9."""
    today = timezone.localdate()
    sites = house_money.by_site(door.site)
    context = {
        "door": door,
        "words": {kind.value: kind.label for kind in KINDS},
        "rows": [(each, _amounts(each)) for each in sites],
        "debts": house_money.debts(door.site),
        "customer_url": door.page("organization"),
        "csv_url": door.page("ledger_csv"),
        "since": today.replace(day=1),
        "until": today,
        "days_max": house_money.PERIOD_DAYS_MAX,
    }
    return render_page(request, "staff/money.html", context)


@staff_view(StaffAct.SEE_SITE)
@require_safe
def ledger_csv(request: HttpRequest, door: Door) -> HttpResponseBase:
    """The ledger of a period; operators' of one site, or of all."""
    today = timezone.localdate()
    since = _day(request.GET.get("since", "")) or today.replace(day=1)
    until = _day(request.GET.get("until", "")) or today
    if not timedelta() <= until - since < timedelta(days=house_money.PERIOD_DAYS_MAX):
        text = _("Choose at most %(days)s days, the first one first.")
        messages.error(request, text % {"days": house_money.PERIOD_DAYS_MAX})
        return redirect(door.page("money"))
    rows = house_money.ledger_rows(_sites(request, door), since, until)
    name = f"ledger-{since.isoformat()}-{until.isoformat()}.csv"
    return csv_answer.answer(request, name, house_money.HEADER, rows)


@staff_view(StaffAct.SEE_SITE)
@require_safe
def customer_statement(request: HttpRequest, door: Door, organization_id: str) -> HttpResponseBase:
    """One customer's month."""
    customer = door.find(organization_id)
    answer = statement_file.answer(request, customer)
    return answer or redirect(door.page("organization"), customer.pk)


def _amounts(money: house_money.SiteMoney) -> list[tuple[str, int]]:
    """What is on each account, with the account's name."""
    return [(str(kind.label), money.accounts.get(kind, 0)) for kind in KINDS]


def _sites(request: HttpRequest, door: Door) -> list[Site]:
    if door.site is not None:
        return [door.site]
    chosen = request.GET.get("site", "").replace("\0", "")
    if chosen:
        return [get_object_or_404(Site, pk=chosen)]
    return list(Site.objects.order_by("pk"))


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date.min.year < found.year < date.max.year else None
