"""The forms of a key: its name and limits, its rotation, its end. Limits left empty are not set."""

import secrets
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.key_terms import COUNT_MAX, KeyTerms, KeyTermsRefused
from accounts.models import ApiKey, BudgetPeriod, EndpointFamily
from billing import money

# 64 random bits: two forms never share an id.
FORM_ID_BYTES = 8
TOKENS_MAX = 1_000_000_000_000
LIST_CHARS_MAX = 40_000

_WHY = {
    "above_plan": gettext_lazy("Your plan allows %(detail)s at most."),
    "not_a_network": gettext_lazy("“%(detail)s” is no address or network, e.g. 203.0.113.0/24."),
    "not_a_model_id": gettext_lazy("“%(detail)s” is no model id."),
    "too_many": gettext_lazy("No more than %(detail)s, please."),
    "in_the_past": gettext_lazy("That has passed. Choose a day to come."),
    "out_of_range": gettext_lazy("That is more than a limit may be."),
    "not_a_name": gettext_lazy("A name is one line of up to 100 characters."),
    "missing": gettext_lazy("A key needs a name."),
}
_FIELD_OF = {
    "allowed_models": "models",
    "allowed_endpoints": "endpoints",
    "allowed_networks": "networks",
    "expires_at": "expires_on",
    "budget_nanos": "budget",
}


def _count(label: Any, maximum: int) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=maximum)


def _lines(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=LIST_CHARS_MAX,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )


def new_form_id() -> str:
    """Tells one sent form from the same one sent again."""
    return secrets.token_hex(FORM_ID_BYTES)


class KeyForm(forms.Form):
    """Name, and what the key may spend and reach; of a new key, or of `key`."""

    form_id = forms.CharField(max_length=32, widget=forms.HiddenInput, initial=new_form_id)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("Where it is used: an app, a server, a person."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    budget = forms.CharField(label=gettext_lazy("Budget"), required=False, max_length=24)
    budget_period = forms.ChoiceField(
        label=gettext_lazy("Budget period"),
        choices=BudgetPeriod.choices,
        initial=BudgetPeriod.MONTH,
    )
    requests_per_minute = _count(gettext_lazy("Requests per minute"), COUNT_MAX)
    tokens_per_minute = _count(gettext_lazy("Tokens per minute"), TOKENS_MAX)
    concurrency = _count(gettext_lazy("Calls at once"), COUNT_MAX)
    expires_on = forms.DateField(
        label=gettext_lazy("Works until the end of"),
        required=False,
        help_text=gettext_lazy("In your organization's time zone. Left empty: it never expires."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    endpoints = forms.MultipleChoiceField(
        label=gettext_lazy("Endpoints"),
        required=False,
        choices=EndpointFamily.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    models = _lines(
        gettext_lazy("Models"),
        gettext_lazy("Model ids, one per line. Left empty, the key may use all of them."),
    )
    networks = _lines(
        gettext_lazy("Addresses"),
        gettext_lazy(
            "IP addresses or networks (203.0.113.0/24, 2001:db8::/32), one per line. "
            "Left empty, the key works from anywhere."
        ),
    )

    def __init__(self, *args: Any, key: ApiKey | None = None, **kwargs: Any) -> None:
        self.key = key
        if key is not None:
            kwargs.setdefault("initial", _initial(key))
        super().__init__(*args, **kwargs)

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

    def clean_networks(self) -> list[str] | None:
        """Addresses and networks, or None for anywhere."""
        return self.cleaned_data["networks"].replace(",", " ").split() or None

    def clean_expires_on(self) -> datetime | None:
        """The instant at which the day has ended; the key's own, if the day is the same."""
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        old = self.key.expires_at if self.key else None
        if old is not None and timezone.localdate(old) == day:
            return old
        zone = timezone.get_current_timezone()
        return datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)

    def terms(self) -> KeyTerms:
        """What the key shall do."""
        data = self.cleaned_data
        return KeyTerms(
            name=data["name"],
            expires_at=data["expires_on"],
            allowed_models=data["models"],
            allowed_endpoints=data["endpoints"] or None,
            allowed_networks=data["networks"],
            requests_per_minute=data["requests_per_minute"],
            tokens_per_minute=data["tokens_per_minute"],
            concurrency=data["concurrency"],
            budget_nanos=data["budget"],
            budget_period=data["budget_period"] if data["budget"] else "",
        )

    def refuse(self, error: KeyTermsRefused) -> None:
        """Say at its field why not."""
        words = _WHY.get(error.code)
        text = str(error) if words is None else words % {"detail": error.detail}
        self.add_error(_FIELD_OF.get(error.field, error.field), text)


def _initial(key: ApiKey) -> dict[str, Any]:
    until = key.expires_at and timezone.localdate(key.expires_at - timedelta(microseconds=1))
    return {
        "form_id": new_form_id(),
        "name": key.name,
        "budget": money.format_nanos(key.budget_nanos) if key.budget_nanos else "",
        "budget_period": key.budget_period or BudgetPeriod.MONTH,
        "requests_per_minute": key.requests_per_minute,
        "tokens_per_minute": key.tokens_per_minute,
        "concurrency": key.concurrency,
        "expires_on": until,
        "endpoints": key.allowed_endpoints or [],
        "models": "\n".join(key.allowed_models or []),
        "networks": "\n".join(key.allowed_networks or []),
    }


class RotateForm(forms.Form):
    """How long the old secret still opens."""

    form_id = forms.CharField(max_length=32, widget=forms.HiddenInput, initial=new_form_id)
    overlap = forms.TypedChoiceField(
        label=gettext_lazy("The old secret works for"),
        coerce=lambda hours: timedelta(hours=int(hours)),
        initial="24",
        choices=[
            ("0", gettext_lazy("no longer: it stops at once")),
            ("1", gettext_lazy("1 hour more")),
            ("24", gettext_lazy("24 hours more")),
            ("168", gettext_lazy("7 days more")),
        ],
    )


class RevokeForm(forms.Form):
    """The key's name, typed: an end that nobody can take back is never one click."""

    name = forms.CharField(
        label=gettext_lazy("Type the name of the key"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, key: ApiKey, *args: Any, **kwargs: Any) -> None:
        self.key = key
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        """The name, if it is the key's."""
        name: str = self.cleaned_data["name"]
        if name != self.key.name.strip():
            raise forms.ValidationError(_("That is not the name of this key."))
        return name


class RevokeManyForm(forms.Form):
    """How many keys, typed."""

    count = forms.IntegerField(
        label=gettext_lazy("Type how many keys these are"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(self, keys: list[ApiKey], *args: Any, **kwargs: Any) -> None:
        self.keys = keys
        super().__init__(*args, **kwargs)

    def clean_count(self) -> int:
        """The number, if it is right."""
        count: int = self.cleaned_data["count"]
        if count != len(self.keys):
            raise forms.ValidationError(_("That is not their number."))
        return count
