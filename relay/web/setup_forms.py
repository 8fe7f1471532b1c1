"""Forms of the first-run wizard: the few fields that a start needs of those that pages have."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts import site_values
from accounts.models import User
from accounts.models.sites import LANGUAGES
from billing.models.catalog import MODEL_ID
from relay.catalog.specs import TOKENS_MAX
from relay.models import Upstream
from relay.web.component_form import ComponentForm

TOKEN_CHARS_MAX = 100
NAME_CHARS_MAX = 100  # the column's
PASSWORD_CHARS_MAX = 128  # hashing a longer one takes no less


class ClaimForm(forms.Form):
    """Who is to be the first operator, and the proof that they may."""

    token = forms.CharField(
        label=_("Setup token"),
        max_length=TOKEN_CHARS_MAX,
        # Works once and soon not at all: no password, which a browser would offer to keep.
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    email = forms.EmailField(
        label=_("Mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    name = forms.CharField(
        label=_("Your name"),
        max_length=NAME_CHARS_MAX,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=PASSWORD_CHARS_MAX,
        help_text=_("At least 10 characters, not a common one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        if password := data.get("password"):
            person = User(email=data.get("email", ""), name=data.get("name", ""))
            try:
                validate_password(password, person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class FirstSiteForm(forms.Form):
    """What cannot be left for later."""

    name = forms.CharField(label=_("Name"), max_length=site_values.NAME_CHARS_MAX)
    id = forms.CharField(
        label=_("Id"),
        max_length=40,
        initial="default",
        help_text=_("For addresses and files; it never changes."),
    )
    domain = forms.CharField(
        label=_("Domain"),
        max_length=253,
        help_text=_("A host name without port that leads here. More can be added later."),
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )
    language = forms.ChoiceField(label=_("First language"), choices=LANGUAGES)
    currency = forms.CharField(
        label=_("Currency"),
        max_length=3,
        initial="USD",
        help_text=_("Fixed once there are customers."),
    )

    def clean_domain(self) -> str:
        return str(self.cleaned_data["domain"]).strip().lower()

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()


class FirstModelForm(ComponentForm):
    """What customers call it, who serves it, and what it costs them."""

    id = forms.RegexField(
        MODEL_ID.regex,
        label=_("Id"),
        max_length=200,
        error_messages={"invalid": _("Only letters, digits and . _ : / + @ -")},
        help_text=_("What customers call it by. It cannot be changed later."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    upstream = forms.ModelChoiceField(
        label=_("Upstream"), queryset=Upstream.objects.order_by("id"), empty_label=None
    )
    upstream_name = forms.CharField(
        label=_("The upstream's model name"),
        required=False,
        max_length=200,
        help_text=_("Left empty: the id."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    context_tokens = forms.IntegerField(
        label=_("Context (tokens)"), min_value=1, max_value=TOKENS_MAX, initial=128_000
    )
    max_output_tokens = forms.IntegerField(
        label=_("Longest output (tokens)"), min_value=1, max_value=TOKENS_MAX, initial=4_096
    )
