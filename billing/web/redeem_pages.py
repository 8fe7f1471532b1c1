"""Redeem codes: staff make and withdraw batches, customers enter a code on their balance page."""

import csv
from io import StringIO

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit
from accounts.models import Site
from accounts.permissions import Act, StaffAct
from accounts.web.access import member_page
from accounts.web.doors import Door, staff_view
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from accounts.web.throttles import throttled
from billing import redeem_codes
from billing.credits import CreditRefused
from billing.models import RedeemBatch
from billing.money import MoneyError, format_nanos, parse_nanos

# A few campaigns a month; the newest are shown.
BATCHES_MAX = 200
# The second button of the form.
AS_FILE = "file"


class BatchForm(forms.Form):
    """How many codes, worth what, until when."""

    site = forms.ModelChoiceField(
        label=gettext_lazy("Site"), queryset=Site.objects.order_by("id"), empty_label=None
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=redeem_codes.NAME_CHARS_MAX,
        help_text=gettext_lazy("The reason that the customer sees in the ledger."),
    )
    amount = forms.CharField(
        label=gettext_lazy("Worth of each"),
        max_length=24,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    count = forms.IntegerField(
        label=gettext_lazy("Number of codes"), min_value=1, max_value=redeem_codes.COUNT_MAX
    )
    begins_with = forms.RegexField(
        r"^[A-Za-z0-9]{0,8}$",
        label=gettext_lazy("Prefix"),
        required=False,
        help_text=gettext_lazy("Up to 8 letters and digits, so that people know them."),
    )
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )

    def __init__(self, *args: object, door: Door) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        if door.site is not None:
            del self.fields["site"]

    def clean_amount(self) -> int:
        """Nanos."""
        try:
            return parse_nanos(self.cleaned_data["amount"])
        except MoneyError as error:
            raise forms.ValidationError(_("Not an amount, e.g. 25 or 0.50.")) from error


@staff_view(StaffAct.MOVE_MONEY, asks_again=True)
@require_http_methods(["GET", "POST"])
def code_batches(request: HttpRequest, door: Door) -> HttpResponse:
    """Every batch; a POST makes one and shows its codes, this once."""
    form = BatchForm(*([request.POST] if request.method == "POST" else []), door=door)
    if form.is_valid():
        made = _make(request, door, form)
        if made is not None and AS_FILE in request.POST:
            return _file(made)
        if made is not None:
            return _page(request, door, BatchForm(door=door), made)
    return _page(request, door, form, None)


@staff_view(StaffAct.MOVE_MONEY)
@require_POST
def withdraw(request: HttpRequest, door: Door, batch_id: int) -> HttpResponse:
    """End a batch."""
    rows = RedeemBatch.objects.select_related("site")
    if door.site is not None:
        rows = rows.filter(site=door.site)
    batch = get_object_or_404(rows, pk=batch_id)
    redeem_codes.withdraw(batch, by=audit.actor_of(request))
    messages.success(request, _("The codes of %(name)s are withdrawn.") % {"name": batch.name})
    return redirect(door.page("codes"))


@require_POST
@member_page(Act.MANAGE_MONEY)
@throttled("redeem")
def redeem(request: MemberRequest) -> HttpResponse:
    """Credit a code to the reader's organization."""
    text, by = request.POST.get("code", ""), audit.actor_of(request)
    try:
        nanos = redeem_codes.redeem(request.organization, text, by=by)
    except redeem_codes.CodeUsed:
        messages.error(request, _("This code was redeemed already."))
    except redeem_codes.OnePerOrganization:
        messages.error(request, _("You have redeemed a code of this offer already."))
    except redeem_codes.CodeError:
        messages.error(request, _("This code does not work. Check it, or ask who gave it to you."))
    else:
        amount = f"{format_nanos(nanos)} {request.site.currency}"
        messages.success(request, _("%(amount)s is on your balance.") % {"amount": amount})
    return redirect("balance")


def _make(request: HttpRequest, door: Door, form: BatchForm) -> redeem_codes.Made | None:
    data = form.cleaned_data
    try:
        return redeem_codes.create(
            door.site or data["site"],
            name=data["name"],
            amount_nanos=data["amount"],
            count=data["count"],
            prefix=data["begins_with"].upper(),
            expires_at=data["expires_at"],
            by=audit.actor_of(request),
        )
    except CreditRefused:
        form.add_error("amount", _("An amount must be more than zero."))
    except redeem_codes.BatchRefused:
        form.add_error("expires_at", _("It must end in the future."))
    return None


def _file(made: redeem_codes.Made) -> HttpResponse:
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["code"])
    writer.writerows([code] for code in made.codes)
    response = HttpResponse(buffer.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="codes-{made.batch.pk}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(
    request: HttpRequest, door: Door, form: BatchForm, made: redeem_codes.Made | None
) -> HttpResponse:
    rows = RedeemBatch.objects.select_related("site", "created_by")
    if door.site is not None:
        rows = rows.filter(site=door.site)
    context = {
        "door": door,
        "here": reverse(door.page("codes")),
        "withdraw_url": door.page("codes_withdraw"),
        "form": form,
        "made": made,
        "as_file": AS_FILE,
        "batches": redeem_codes.counted(rows).order_by("-pk")[:BATCHES_MAX],
    }
    status = 422 if form.is_bound else 200
    response = render_page(request, "staff/codes.html", context, status=status)
    if made is not None:
        response.headers["Cache-Control"] = "no-store"
    return response
