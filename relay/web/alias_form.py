"""The form of a model's further name."""

from django import forms
from django.utils.translation import gettext_lazy

from accounts.models import Site
from billing.models.catalog import MODEL_ID


class AliasForm(forms.Form):
    """The name, and where it counts."""

    alias = forms.RegexField(
        MODEL_ID.regex,
        label=gettext_lazy("Further name"),
        max_length=200,
        error_messages={"invalid": gettext_lazy("Only letters, digits and . _ : / + @ -")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    site = forms.ModelChoiceField(
        label=gettext_lazy("Site"),
        queryset=Site.objects.order_by("id"),
        required=False,
        empty_label=gettext_lazy("every site"),
    )
