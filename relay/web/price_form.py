"""The form of a price's next version: for whom, from when, and its amounts."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import Organization, Site
from billing import prices
from billing.models import Model, Price
from billing.reports import customers, price_chains
from billing.web.balance import ID_DIGITS_MAX
from billing.web.start_field import StartField
from relay.web.component_form import ComponentForm, initial_of

# Enough to tell which one was meant.
MATCHES_MAX = 5


class VersionForm(ComponentForm):
    """The next version of a model's price in one scope; after `is_valid`, no components at all end
    a price of its own."""

    effective_from = StartField()
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=audit.REASON_CHARS_MAX,
        help_text=gettext_lazy("For the audit log."),
    )
    ends_own_price = forms.BooleanField(
        label=gettext_lazy("End the own price of this site or customer: amounts don't count"),
        required=False,
    )
    accepts_loss = forms.BooleanField(
        label=gettext_lazy("Publish it although it is below cost"), required=False
    )

    def __init__(self, *args: Any, scope: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scope = dict(scope or {})

    def clean(self) -> dict[str, Any] | None:
        """Who ends a price need not say another."""
        data = self.cleaned_data
        self.may_be_unknown = bool(data.get("ends_own_price"))
        data = super().clean() or data
        if data.get("ends_own_price"):
            self.components = {}
        return data

    @property
    def scope(self) -> dict[str, Any]:
        """As `billing.prices` takes it."""
        return self._scope


class PriceForm(VersionForm):
    """The same for operators, who say for whom: `site` or `organization` or neither."""

    site = forms.ModelChoiceField(
        label=gettext_lazy("For"),
        queryset=Site.objects.order_by("id"),
        required=False,
        empty_label=gettext_lazy("every site without a price of its own"),
    )
    organization = forms.CharField(
        label=gettext_lazy("Or for one customer: a contract"),
        required=False,
        max_length=customers.SEARCH_CHARS_MAX,
        help_text=gettext_lazy("Id, name or e-mail. A plan does not adjust a contract price."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_organization(self) -> Organization | None:
        """The one customer that fits."""
        search = customers.search_text(self.cleaned_data["organization"])
        if not search:
            return None
        found = [row.organization for row in customers.page(search, rows_max=MATCHES_MAX).rows]
        exact = [each for each in found if each.pk == search]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if not found:
            raise forms.ValidationError(_("No customer fits."))
        names = ", ".join(f"{each.name} ({each.pk})" for each in found)
        raise forms.ValidationError(_("Several customers fit: %(names)s") % {"names": names})

    def clean(self) -> dict[str, Any] | None:
        """A price is for one scope; the default can only be replaced."""
        data = super().clean() or self.cleaned_data
        site, organization = data.get("site"), data.get("organization")
        if site and organization:
            self.add_error("organization", _("Choose a site or a customer, not both."))
        if data.get("ends_own_price") and not site and not organization:
            self.add_error("ends_own_price", _("The default price can only be replaced."))
        return data

    @property
    def scope(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("site", "organization")}


def initial(model: Model, query: Mapping[str, str], within: Site | None) -> dict[str, Any]:
    """What most changes start from: the version that the address names, of those that the staff of
    `within` know (None: every), else the price in force of its scope, else the default."""
    site = Site.objects.filter(pk=query.get("site", "")).first()
    wanted = Organization.objects.select_related("site")
    organization = wanted.filter(pk=query.get("organization", "")).first()
    row = _named(model, query.get("version", ""), within) or _in_force(model, site, organization)
    found: dict[str, Any] = initial_of(row.components) if row else {}
    if organization is not None:
        return found | {"organization": organization.pk}
    return found | ({"site": site.pk} if site else {})


def _named(model: Model, version: str, site: Site | None) -> Price | None:
    """A former version to go back to, of the same model; with a site only what its staff know."""
    if not (version.isascii() and version.isdigit() and len(version) <= ID_DIGITS_MAX):
        return None
    known = price_chains.of_model(model, site, timezone.now())
    return next((row.price for row in known if row.price.pk == int(version)), None)


def _in_force(model: Model, site: Site | None, organization: Organization | None) -> Price | None:
    now = timezone.now()
    if organization is not None:
        return prices.in_force(model, organization.site, now, organization)
    if site is not None:
        return prices.in_force(model, site, now)
    return next((row for row in prices.chain(model, None) if row.effective_from <= now), None)
