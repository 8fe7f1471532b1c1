"""The form that makes a key. Limits left empty are not set."""

import secrets
from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.key_terms import KeyTerms, KeyTermsRefused
from accounts.models import BudgetPeriod
from billing import money

# 64 random bits: two forms never share an id.
FORM_ID_BYTES = 8
EXPIRY_DAYS = (30, 90, 365)


class KeyForm(forms.Form):
    """Name, and what the key may spend and reach."""

    form_id = forms.CharField(max_length=32, widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("Where it is used: an app, a server, a person."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    budget = forms.CharField(label=_("Budget"), required=False, max_length=24)
    budget_period = forms.ChoiceField(label=_("Budget period"), choices=BudgetPeriod.choices)
    expires_in = forms.TypedChoiceField(
        label=_("Expires"), coerce=int, empty_value=None, required=False, choices=[]
    )
    models = forms.CharField(
        label=_("Models"),
        required=False,
        max_length=4000,
        help_text=_("Model ids, one per line. Left empty, the key may use all of them."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    requests_per_minute = forms.IntegerField(
        label=_("Requests per minute"), required=False, min_value=1, max_value=1_000_000
    )
    tokens_per_minute = forms.IntegerField(
        label=_("Tokens per minute"), required=False, min_value=1, max_value=1_000_000_000
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["form_id"].initial = secrets.token_hex(FORM_ID_BYTES)
        self.fields["budget_period"].initial = BudgetPeriod.MONTH
        choices = [(0, gettext("never"))]
        choices += [(days, gettext("in %(days)s days") % {"days": days}) for days in EXPIRY_DAYS]
        self.fields["expires_in"].choices = choices  # type: ignore[attr-defined]

    def clean_budget(self) -> int | None:
        """Nanos, or None for no budget."""
        text = self.cleaned_data["budget"].strip()
        if not text:
            return None
        try:
            nanos = money.parse_nanos(text)
        except money.MoneyError as error:
            raise forms.ValidationError(_("Not an amount, e.g. 25 or 0.50.")) from error
        if nanos <= 0:
            raise forms.ValidationError(_("A budget must be more than zero."))
        return nanos

    def clean_models(self) -> list[str] | None:
        """Ids, or None for all models."""
        return self.cleaned_data["models"].replace(",", " ").split() or None

    def terms(self) -> KeyTerms:
        """What the key shall do."""
        data = self.cleaned_data
        expires_at = None
        if data["expires_in"]:
            expires_at = timezone.now() + timedelta(days=data["expires_in"])
        return KeyTerms(
            name=data["name"],
            expires_at=expires_at,
            allowed_models=data["models"],
            requests_per_minute=data["requests_per_minute"],
            tokens_per_minute=data["tokens_per_minute"],
            budget_nanos=data["budget"],
            budget_period=data["budget_period"] if data["budget"] else "",
        )

    def refuse(self, error: KeyTermsRefused) -> None:
        """Say at the field why not."""
        self.add_error(None, str(error))
