"""The form of a change of many prices: what moves by how much, rounded how, from when."""

from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts import audit
from billing.bulk_prices import Basis
from billing.errors import BillingError
from billing.price_rules import Amount, Direction, Percent, Rule, Step, parse_step
from billing.price_words import LABELS
from billing.web.start_field import StartField
from relay.web.component_form import USUAL

# "+1000.00 %" or an amount with all its decimals.
STEP_CHARS_MAX = 24
RAREST = tuple(name for name in LABELS if name not in USUAL)
# Nanos per million of what is counted.
ROUNDINGS = (
    (1, gettext_lazy("not at all")),
    (10**5, "0.0001"),
    (10**6, "0.001"),
    (10**7, "0.01"),
    (10**8, "0.10"),
    (10**9, "1.00"),
)
DIRECTIONS = (
    (Direction.NEAREST, gettext_lazy("to the nearest")),
    (Direction.UP, pgettext_lazy("rounding", "up")),
    (Direction.DOWN, pgettext_lazy("rounding", "down")),
)
BASES = (
    (Basis.NOW, gettext_lazy("the price that customers pay now")),
    (Basis.DEFAULT, gettext_lazy("the default price: a markup over it")),
    (Basis.END, gettext_lazy("nothing: end the own price, the default counts again")),
)


def step_field(label: Any, help_text: Any = "") -> forms.CharField:
    """A change in percent, or an amount."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=STEP_CHARS_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class BulkForm(forms.Form):
    """After `is_valid`, `rule` says what is done to each price."""

    rule: Rule

    basis = forms.ChoiceField(
        label=gettext_lazy("Start from"), choices=BASES, required=False, initial=Basis.NOW
    )
    others = step_field(
        gettext_lazy("Everything"),
        gettext_lazy("A change such as +10% or -2.5%. The fields beside it go before it."),
    )
    rounding = forms.TypedChoiceField(
        label=gettext_lazy("Round to"),
        choices=ROUNDINGS,
        coerce=int,
        required=False,
        empty_value="",
        help_text=gettext_lazy("Prices per million; others stay exact."),
    )
    direction = forms.ChoiceField(
        label=gettext_lazy("Rounding"),
        choices=DIRECTIONS,
        required=False,
        initial=Direction.NEAREST,
    )
    effective_from = StartField()
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=audit.REASON_CHARS_MAX,
        help_text=gettext_lazy("For the audit log."),
    )
    accepts_loss = forms.BooleanField(
        label=gettext_lazy("Publish although some prices are below cost"), required=False
    )
    seal = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (*USUAL, *RAREST):
            self.fields[f"step_{name}"] = step_field(LABELS[name])

    def usual(self) -> list[BoundField]:
        """The components that most models have."""
        return [self[f"step_{name}"] for name in USUAL]

    def rarest(self) -> list[BoundField]:
        """The others."""
        return [self[f"step_{name}"] for name in RAREST]

    def has_rarest(self) -> bool:
        """Whether one of the others is filled in."""
        return any(each.value() for each in self.rarest())

    @property
    def basis_chosen(self) -> Basis:
        return Basis(self.cleaned_data.get("basis") or Basis.NOW)

    def clean(self) -> dict[str, Any]:
        """Read the steps; the form must say at least one, unless prices end."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        steps = {str(name): self._step(f"step_{name}") for name in (*USUAL, *RAREST)}
        others = self._step("others")
        if isinstance(others, Amount):
            self.add_error("others", _("Everything can only move by a percentage, e.g. +10%."))
        given = {name: step for name, step in steps.items() if step is not None}
        is_needed = not self.errors and self.basis_chosen is Basis.NOW
        if is_needed and not given and others is None:
            self.add_error("others", _("Say by how much, e.g. +10%."))
        self.rule = Rule(
            steps=given,
            others=others if isinstance(others, Percent) else Percent(0),
            rounding_nanos=data.get("rounding") or 1,
            direction=Direction(data.get("direction") or Direction.NEAREST),
        )
        return data

    def _step(self, name: str) -> Step | None:
        text = self.cleaned_data.get(name, "")
        if not text:
            return None
        try:
            return parse_step(text)
        except BillingError:
            self.add_error(name, _("Not a change such as +10% or -2.5%, and no amount."))
            return None
