"""The form that sets a budget of a whole organization."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import BudgetPeriod
from billing import budgets, money


class BudgetForm(forms.Form):
    """How much, and in what span."""

    amount = forms.CharField(
        label=_("Budget"),
        max_length=24,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    period = forms.ChoiceField(
        label=_("Budget period"), choices=BudgetPeriod.choices, initial=BudgetPeriod.MONTH
    )

    def clean_amount(self) -> int:
        """Nanos."""
        try:
            nanos = money.parse_nanos(self.cleaned_data["amount"])
        except money.MoneyError as error:
            raise forms.ValidationError(_("Not an amount, e.g. 25 or 0.50.")) from error
        if nanos <= 0:
            raise forms.ValidationError(_("A budget must be more than zero."))
        if nanos > budgets.LIMIT_NANOS_MAX:
            raise forms.ValidationError(_("That is more than a budget may be."))
        return nanos
