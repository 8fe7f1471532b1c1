"""Forms of a model's routing: the order of its routes, and the call to try it with."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from relay.catalog.specs import SMALL_MAX
from relay.health_reports import Report
from relay.models import Route
from relay.proxy import preferences
from relay.proxy.errors import ApiError
from relay.proxy.preferences import Wishes

WISHES_CHARS_MAX = 2_000


class OrderForm(forms.Form):
    """One route's place."""

    priority = forms.IntegerField(label=_("Priority"), min_value=0, max_value=SMALL_MAX)
    weight = forms.IntegerField(label=_("Weight"), min_value=0, max_value=SMALL_MAX)
    is_active = forms.BooleanField(label=_("Takes calls"), required=False)

    def __init__(self, route: Route, data: Mapping[str, Any] | None = None) -> None:
        initial = {name: getattr(route, name) for name in ("priority", "weight", "is_active")}
        super().__init__(data, initial=initial, prefix=f"route-{route.pk}")
        self.route = route
        for name, field in self.fields.items():
            # In a table the column is named for the eye; a reader hears the route as well.
            attrs = {"aria-label": f"{field.label}: {route.upstream_id} {route.name}"}
            field.widget.attrs |= attrs | ({} if name == "is_active" else {"class": "input"})


class CallForm(forms.Form):
    """A call that nobody makes: on which site, with which wishes, over which relay."""

    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none())
    relay = forms.ChoiceField(label=_("As seen by"), required=False)
    header = forms.CharField(
        label="X-AI-Provider",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    provider = forms.CharField(
        label=_("Member provider of the body"),
        required=False,
        max_length=WISHES_CHARS_MAX,
        help_text=_('As JSON, e.g. {"order": ["openai"], "allow_fallbacks": false}'),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Mapping[str, Any], reports: Sequence[Report]) -> None:
        sites: QuerySet[Site] = Site.objects.order_by("name", "id")
        self._reports = {report.relay: report for report in reports}
        super().__init__(data)
        site = self.fields["site"]
        relay = self.fields["relay"]
        assert isinstance(site, forms.ModelChoiceField)
        assert isinstance(relay, forms.ChoiceField)
        site.queryset = sites
        fresh = _("a relay that has just started")
        relay.choices = [*((name, name) for name in self._reports), ("-", fresh)]

    def clean_provider(self) -> Wishes:
        """As the relay reads it."""
        text = self.cleaned_data["provider"].strip()
        if not text:
            return preferences.NONE
        try:
            body = msgspec.json.encode({"provider": msgspec.json.decode(text)})
            return preferences.take(body)[1]
        except msgspec.DecodeError as error:
            raise ValidationError(_("That is no JSON.")) from error
        except ApiError as error:
            words = f"{error.param or 'provider'}: {error.detail or error.cause.value.code}"
            raise ValidationError(words) from error

    def wishes(self) -> Wishes:
        """Body and header together."""
        found: Wishes = self.cleaned_data["provider"]
        return preferences.with_header(found, self.cleaned_data["header"].encode())

    def report(self) -> Report | None:
        """Of the relay that was chosen, or of the first that reports."""
        name = self.cleaned_data["relay"]
        if name == "-":
            return None
        return self._reports.get(name) or next(iter(self._reports.values()), None)
