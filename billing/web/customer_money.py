"""Staff credit and debit a customer by hand. A form moves money once, however often it is sent."""

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.models import Organization
from accounts.permissions import StaffAct
from accounts.web.doors import Door, staff_view
from accounts.web.pages import render_page
from billing import balances, credits, hand_moves, ledger
from billing.gate.errors import GateError
from billing.ledger import TransactionKind
from billing.money import MoneyError, format_nanos, parse_nanos
from billing.web.customers import about

# 128 random bits: two forms never share an id, and nobody guesses one.
FORM_ID_BYTES = 16
FORM_ID_PATTERN = r"^[0-9a-f]{32}$"
# Names the move in the books; other ways of moving money have prefixes of their own.
EXTERNAL_ID_PREFIX = "ops-"
KIND_WORDS = {
    TransactionKind.TOP_UP: gettext_lazy("Top-up: the customer has paid"),
    TransactionKind.GRANT: gettext_lazy("Grant: a gift of the house"),
    TransactionKind.ADJUSTMENT: gettext_lazy("Adjustment: corrects a mistake"),
}


class DebitForm(forms.Form):
    """How much, and why."""

    form_id = forms.RegexField(FORM_ID_PATTERN, widget=forms.HiddenInput)
    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=24,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("An invoice or payment number, say. The customer sees it."),
    )

    def clean_amount(self) -> int:
        """Nanos."""
        try:
            nanos = parse_nanos(self.cleaned_data["amount"])
        except MoneyError as error:
            raise forms.ValidationError(_("Not an amount, e.g. 25 or 0.50.")) from error
        if nanos <= 0:
            raise forms.ValidationError(_("An amount must be more than zero."))
        return nanos

    def move(self) -> dict[str, Any]:
        """The arguments that a credit and a debit share."""
        data = self.cleaned_data
        return {
            "amount_nanos": data["amount"],
            "reason": data["reason"],
            "external_id": EXTERNAL_ID_PREFIX + data["form_id"],
        }


class CreditForm(DebitForm):
    """The same with where the money comes from."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=list(KIND_WORDS.items()),
        required=False,
        initial=TransactionKind.TOP_UP,
    )
    field_order = ("form_id", "kind", "amount", "reason")

    def move(self) -> dict[str, Any]:
        """As `hand_moves.credit` takes it."""
        kind = TransactionKind(self.cleaned_data["kind"] or TransactionKind.TOP_UP)
        return {**super().move(), "kind": kind}


@staff_view(StaffAct.MOVE_MONEY, asks_again=True)
@require_http_methods(["GET", "POST"])
def credit(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """Ask for kind, amount and reason, then credit."""
    return _page(request, door, organization_id, CreditForm, is_credit=True)


@staff_view(StaffAct.MOVE_MONEY, asks_again=True)
@require_http_methods(["GET", "POST"])
def debit(request: HttpRequest, door: Door, organization_id: str) -> HttpResponse:
    """Ask for amount and reason, then take what is available and no more."""
    return _page(request, door, organization_id, DebitForm, is_credit=False)


def _page(
    request: HttpRequest,
    door: Door,
    organization_id: str,
    form_class: type[DebitForm],
    *,
    is_credit: bool,
) -> HttpResponse:
    customer = door.find(organization_id)
    if request.method == "POST":
        form = form_class(request.POST)
        if form.is_valid() and _done(request, customer, form, is_credit=is_credit):
            return redirect(door.page("organization"), customer.pk)
    else:
        form = form_class(initial={"form_id": secrets.token_hex(FORM_ID_BYTES)})
    context = {"form": form, "is_credit": is_credit, "balance": balances.read(customer)}
    status = 422 if form.is_bound else 200
    return render_page(request, "staff/move.html", about(door, customer) | context, status=status)


def _done(
    request: HttpRequest, customer: Organization, form: DebitForm, *, is_credit: bool
) -> bool:
    """Whether the money is moved; if not, the form says why."""
    act = hand_moves.credit if is_credit else hand_moves.debit
    try:
        moved = act(customer, **form.move(), by=audit.actor_of(request))
    except credits.CreditRefused:
        form.add_error("amount", _("That is more than one credit may be."))
    except ledger.InsufficientBalance:
        form.add_error("amount", _("That is more than the customer has available."))
    except ledger.PostingDiffers:
        form.add_error(None, _("This form was used already. Open it anew for another credit."))
    except GateError:
        form.add_error(None, _("The gate does not answer. Please try again."))
    else:
        _tell(request, customer, form, is_credit=is_credit, is_replay=moved.is_replay)
        return True
    return False


def _tell(
    request: HttpRequest,
    customer: Organization,
    form: DebitForm,
    *,
    is_credit: bool,
    is_replay: bool,
) -> None:
    amount = f"{format_nanos(form.cleaned_data['amount'])} {customer.site.currency}"
    words = {"amount": amount, "name": customer.name}
    if is_replay and is_credit:
        messages.info(request, _("%(amount)s was credited to %(name)s already.") % words)
    elif is_credit:
        messages.success(request, _("%(amount)s is credited to %(name)s.") % words)
    elif is_replay:
        messages.info(request, _("%(amount)s was taken from %(name)s already.") % words)
    else:
        messages.success(request, _("%(amount)s is taken from %(name)s.") % words)
