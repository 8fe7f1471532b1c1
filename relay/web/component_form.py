"""The fields of a price or a cost: decimal amounts per million tokens, by bucket."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.money import format_nanos
from billing.price_versions import REQUIRED, Bucket
from relay.catalog import values

# "1000000.000000000": the most that a price may be, with every decimal that nanos have.
AMOUNT_CHARS_MAX = 24
LABELS = {
    Bucket.INPUT: _("Input"),
    Bucket.CACHED_INPUT: _("Cached input"),
    Bucket.OUTPUT: _("Output"),
}
FIELDS = tuple(LABELS)


class ComponentForm(forms.Form):
    """After `is_valid`, `components` holds nanos per million tokens by bucket.

    `may_be_unknown`: leaving every field empty is allowed and gives no components.
    """

    may_be_unknown = False
    components: dict[str, int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for bucket in FIELDS:
            self.fields[bucket.value] = forms.CharField(
                label=LABELS[bucket],
                required=False,
                max_length=AMOUNT_CHARS_MAX,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )

    def clean(self) -> dict[str, Any] | None:
        """Parse what was entered; a bucket that sells for nothing must say 0."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        entered = {bucket: data.get(bucket.value, "").strip() for bucket in FIELDS}
        self.components = {}
        if self.may_be_unknown and not any(entered.values()):
            return data
        for bucket, text in entered.items():
            if text:
                self._parse(bucket, text)
            elif bucket in REQUIRED:
                self.add_error(bucket.value, _("Enter an amount; 0 if it is free."))
        return data

    def _parse(self, bucket: Bucket, text: str) -> None:
        try:
            self.components[bucket.value] = values.money(text)
        except ValueError:
            message = _("Not an amount between 0 and 1000000, e.g. 2.50.")
            self.add_error(bucket.value, message)


def initial_of(components: Mapping[str, Any]) -> dict[str, str]:
    """What the fields of a form show for stored components."""
    return {bucket: format_nanos(components[bucket]) for bucket in FIELDS if bucket in components}


def shown(components: Mapping[str, Any]) -> list[str]:
    """Input, cached input and output as decimal strings, in this order; "-" for none."""
    return [format_nanos(components[bucket]) if bucket in components else "-" for bucket in FIELDS]
