"""The fields of a price or a cost: decimal amounts of every component that one can have.

Rows of image kinds and tiers are as many as are filled in and a few to spare, so that the form
needs no script; what is left empty is not there.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django import forms
from django.forms import BoundField
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from billing.money import NANOS_MAX, format_nanos
from billing.price_versions import (
    ABOVE_TOKENS,
    FALLBACK,
    IMAGE,
    IMAGE_KINDS_MAX,
    KIND_CHARS_MAX,
    MINIMUM,
    REQUIRED,
    TIERS,
    TIERS_MAX,
    TOKEN_BUCKETS,
    UNIT_BUCKETS,
    Bucket,
    PriceError,
    check_components,
)
from billing.price_words import LABELS, unit
from relay.catalog import values

# "1000000.000000000": the most that a price may be, with every decimal that nanos have.
AMOUNT_CHARS_MAX = 24
USUAL = (Bucket.INPUT, Bucket.CACHED_INPUT, Bucket.OUTPUT)
RARER = tuple(bucket for bucket in Bucket if bucket in TOKEN_BUCKETS and bucket not in USUAL)
UNITS = (Bucket.CHARACTERS, *sorted(UNIT_BUCKETS), MINIMUM)
# Whoever has more kinds or tiers finds so many empty rows again after publishing.
SPARE_IMAGES, SPARE_TIERS = 4, 2


class Amount(NamedTuple):
    """A field and what its amount is per."""

    field: BoundField
    unit: str


class TierFields(NamedTuple):
    """One tier: from how many tokens on, the three usual prices, the others."""

    above: BoundField
    usual: list[Amount]
    rarer: list[Amount]
    has_rarer: bool


def amount_field(label: Any, help_text: Any = "") -> forms.CharField:
    """A decimal amount of the currency."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=AMOUNT_CHARS_MAX,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class ComponentForm(forms.Form):
    """After `is_valid`, `components` holds nanos as `billing.price_versions` tells.

    `may_be_unknown`: leaving every field empty is allowed and gives no components.
    """

    may_be_unknown = False
    components: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (*USUAL, *RARER, *UNITS):
            self.fields[name] = amount_field(LABELS[name], _fallback_hint(name))
        self.image_rows = self._rows("image_kind", SPARE_IMAGES, IMAGE_KINDS_MAX)
        self.tier_rows = self._rows("tier_above", SPARE_TIERS, TIERS_MAX)
        for row in self.image_rows:
            self.fields[f"image_kind_{row}"] = forms.CharField(
                label=_("Kind"), required=False, max_length=KIND_CHARS_MAX
            )
            self.fields[f"image_price_{row}"] = amount_field(_("Price"))
        for row in self.tier_rows:
            self.fields[f"tier_above_{row}"] = forms.IntegerField(
                label=_("Prompt above"), required=False, min_value=1, max_value=NANOS_MAX
            )
            for name in (*USUAL, *RARER):
                self.fields[f"tier_{name}_{row}"] = amount_field(LABELS[name])

    def _rows(self, prefix: str, spare: int, rows_max: int) -> range:
        """As many rows as came, or as are stored and some to spare."""
        known = self.data if self.is_bound else self.initial
        filled = [row for row in range(rows_max) if known.get(f"{prefix}_{row}")]
        return range(min(rows_max, (filled[-1] + 1 if filled else 0) + spare))

    def usual(self) -> list[Amount]:
        """What most models are sold by."""
        return self._amounts(USUAL)

    def rarer(self) -> list[Amount]:
        """The other token buckets."""
        return self._amounts(RARER)

    def units(self) -> list[Amount]:
        """What is not counted in tokens, and the least that a call costs."""
        return self._amounts(UNITS)

    def images(self) -> list[tuple[BoundField, BoundField]]:
        """Kind and price."""
        return [(self[f"image_kind_{row}"], self[f"image_price_{row}"]) for row in self.image_rows]

    def tiers(self) -> list[TierFields]:
        """The tiers, and empty ones."""
        found = []
        for row in self.tier_rows:
            rarer = self._amounts(RARER, "tier_{}_" + str(row))
            usual = self._amounts(USUAL, "tier_{}_" + str(row))
            has_rarer = any(each.field.value() for each in rarer)
            found.append(TierFields(self[f"tier_above_{row}"], usual, rarer, has_rarer))
        return found

    def has_more(self) -> bool:
        """Whether anything beside the usual fields is filled in or wrong."""
        own = {*USUAL, *(name for name in self.fields if name in self.base_fields)}
        return any(self[name].value() or self[name].errors for name in self.fields.keys() - own)

    def clean(self) -> dict[str, Any] | None:
        """Parse what was entered; a bucket that sells for nothing must say 0."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        components: dict[str, Any] = {**self._entered((*USUAL, *RARER, *UNITS))}
        if images := self._images():
            components[IMAGE] = images
        if tiers := self._tiers():
            components[TIERS] = tiers
        self.components = {}
        if self.errors or (self.may_be_unknown and not components):
            return data
        if not components or any(name in TOKEN_BUCKETS for name in components):
            for name in REQUIRED:
                if name not in components:
                    self.add_error(name, _("Enter an amount; 0 if it is free."))
        if not self.errors:
            self._check(components)
        return data

    def _check(self, components: dict[str, Any]) -> None:
        try:
            self.components = check_components(components)
        except PriceError:
            # Every field was checked by itself: what is left is how tiers go together.
            message = _(
                "Each tier begins above more tokens than the one before, prices at least one kind"
                " that has a price above, and none is cheaper than before."
            )
            self.add_error("tier_above_0", message)

    def _images(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in self.image_rows:
            kind = self.cleaned_data.get(f"image_kind_{row}", "")
            name = f"image_price_{row}"
            nanos = self._amount(name)
            if kind and nanos is None and name not in self.errors:
                self.add_error(name, _("Enter an amount; 0 if it is free."))
            elif nanos is not None and (not kind or kind in found):
                self.add_error(f"image_kind_{row}", _("Name each kind once."))
            elif nanos is not None:
                found[kind] = nanos
        return found

    def _tiers(self) -> list[dict[str, int]]:
        found = []
        for row in self.tier_rows:
            amounts = self._entered((*USUAL, *RARER), "tier_{}_" + str(row))
            above = self.cleaned_data.get(f"tier_above_{row}")
            if above is not None:
                found.append({ABOVE_TOKENS: above} | amounts)
            elif amounts and f"tier_above_{row}" not in self.errors:
                self.add_error(f"tier_above_{row}", _("Enter a number of tokens."))
        return found

    def _entered(self, names: Iterable[str], pattern: str = "{}") -> dict[str, int]:
        found = {str(name): self._amount(pattern.format(name)) for name in names}
        return {name: nanos for name, nanos in found.items() if nanos is not None}

    def _amount(self, field: str) -> int | None:
        text = self.cleaned_data.get(field, "").strip()
        if not text:
            return None
        try:
            return values.money(text)
        except ValueError:
            message = _("Not an amount between 0 and 1000000, e.g. 2.50.")
            self.add_error(field, message)
            return None

    def _amounts(self, names: Iterable[str], pattern: str = "{}") -> list[Amount]:
        return [Amount(self[pattern.format(name)], unit(name)) for name in names]


def _fallback_hint(name: str) -> Any:
    """What a bucket without a price of its own is charged as."""
    if name not in FALLBACK:
        return ""
    other = LABELS[FALLBACK[Bucket(name)]]
    return format_lazy("{text} {other}", text=_("Left empty: as"), other=other)


def initial_of(components: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields of a form show for stored components."""
    names = (*USUAL, *RARER, *UNITS)
    found: dict[str, Any] = {
        str(name): format_nanos(components[name]) for name in names if name in components
    }
    for row, (kind, nanos) in enumerate(components.get(IMAGE, {}).items()):
        found |= {f"image_kind_{row}": kind, f"image_price_{row}": format_nanos(nanos)}
    for row, tier in enumerate(components.get(TIERS, ())):
        found[f"tier_above_{row}"] = tier[ABOVE_TOKENS]
        for name in (*USUAL, *RARER):
            if name in tier:
                found[f"tier_{name}_{row}"] = format_nanos(tier[name])
    return found


def shown(components: Mapping[str, Any]) -> list[str]:
    """Input, cached input and output as decimal strings, in this order; "-" for none."""
    return [format_nanos(components[bucket]) if bucket in components else "-" for bucket in USUAL]
