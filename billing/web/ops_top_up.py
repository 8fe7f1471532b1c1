"""Staff page that credits a customer. A form credits once, however often it is sent."""

import secrets

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.models import Organization
from accounts.web.access import confirm_identity, operator_page
from accounts.web.pages import render_page
from billing import balances, credits, hand_moves, ledger
from billing.money import MoneyError, format_nanos, parse_nanos

# 128 random bits: two forms never share an id, and nobody guesses one.
FORM_ID_BYTES = 16
FORM_ID_PATTERN = r"^[0-9a-f]{32}$"
# Names the credit in the books; other ways of crediting have prefixes of their own.
EXTERNAL_ID_PREFIX = "ops-"


class TopUpForm(forms.Form):
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
            raise forms.ValidationError(_("A top-up must be more than zero."))
        return nanos


@require_http_methods(["GET", "POST"])
@operator_page
@confirm_identity
def top_up(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Ask for amount and reason, then credit."""
    query = Organization.objects.select_related("site")
    customer = get_object_or_404(query, pk=organization_id)
    if request.method == "POST":
        form = TopUpForm(request.POST)
        if form.is_valid() and _credit(request, customer, form):
            return redirect("ops_organization", customer.pk)
    else:
        form = TopUpForm(initial={"form_id": secrets.token_hex(FORM_ID_BYTES)})
    context = {
        "customer": customer,
        "currency": customer.site.currency,
        "form": form,
        "balance": balances.read(customer),
    }
    return render_page(request, "ops/top_up.html", context, status=422 if form.is_bound else 200)


def _credit(request: HttpRequest, customer: Organization, form: TopUpForm) -> bool:
    data = form.cleaned_data
    try:
        credit = hand_moves.credit(
            customer,
            amount_nanos=data["amount"],
            reason=data["reason"],
            external_id=EXTERNAL_ID_PREFIX + data["form_id"],
            by=audit.actor_of(request),
        )
    except credits.CreditRefused:
        form.add_error("amount", _("That is more than one credit may be."))
    except ledger.PostingDiffers:
        form.add_error(None, _("This form was used already. Open it anew for another credit."))
    else:
        words = {
            "amount": f"{format_nanos(data['amount'])} {customer.site.currency}",
            "name": customer.name,
        }
        if credit.is_replay:
            messages.info(request, _("%(amount)s was credited to %(name)s already.") % words)
        else:
            messages.success(request, _("%(amount)s is credited to %(name)s.") % words)
        return True
    return False
