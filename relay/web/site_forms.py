"""Forms of a site's pages. What may be said is the services' to check."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import site_values
from accounts.models import Announcement, Site
from accounts.models.sites import LANGUAGES
from accounts.web.forms import time_zone_choices
from billing import money
from billing.models import Plan
from relay.catalog import values

DOMAINS_CHARS_MAX = 6_000  # 20 of the longest
AMOUNT_CHARS_MAX = 24


def area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": str(rows)})


class MoneyField(forms.CharField):
    """An amount in the site's currency, as nanos; left empty it is 0."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=AMOUNT_CHARS_MAX, required=False, widget=widget, **kwargs)

    def clean(self, value: Any) -> int:
        text = super().clean(value)
        try:
            return money.parse_nanos(text) if text else 0
        except money.MoneyError as error:
            raise forms.ValidationError(_("Not an amount, e.g. 25 or 0.50.")) from error


class LookForm(forms.Form):
    """What a site is called and who may join: its staff's to say."""

    name = forms.CharField(label=_("Name"), max_length=site_values.NAME_CHARS_MAX)
    language = forms.ChoiceField(label=_("First language"), choices=LANGUAGES)
    languages = forms.MultipleChoiceField(
        label=_("Languages offered"), choices=LANGUAGES, widget=forms.CheckboxSelectMultiple
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zone_choices,
        help_text=_("Of the staff's pages, and of new customers until they choose their own."),
    )
    sign_up = forms.ChoiceField(label=_("Who may sign up"), choices=Site.SignUp.choices)
    trial_credit = MoneyField(
        label=_("Trial credit"),
        help_text=_("Given once to a new customer when the mail address is verified."),
    )
    support_contact = forms.CharField(
        label=_("Contact"),
        required=False,
        max_length=site_values.CONTACT_CHARS_MAX,
        help_text=_("A mail address or page, shown under every page and in mails."),
    )
    sender_name = forms.CharField(
        label=_("Mails come from"),
        required=False,
        max_length=site_values.NAME_CHARS_MAX,
        help_text=_("Left empty: the site's name."),
    )
    sender_address = forms.EmailField(
        label=_("Their address"),
        required=False,
        help_text=_("Its domain must let this deployment send for it (SPF, DKIM)."),
    )


class PlaceForm(forms.Form):
    """Where a site answers and what it counts in: the operators' to say."""

    domains = forms.CharField(
        label=_("Domains"),
        max_length=DOMAINS_CHARS_MAX,
        widget=area(3),
        help_text=_("One a line, without port. The first is used in the links of mails."),
    )
    currency = forms.CharField(
        label=_("Currency"), max_length=3, help_text=_("Fixed once there are customers.")
    )
    plan = forms.ModelChoiceField(
        label=_("Plan"), queryset=Plan.objects.order_by("id"), empty_label=None
    )

    def clean_domains(self) -> list[str]:
        return [word.lower() for word in self.cleaned_data["domains"].split()]

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()


class NewSiteForm(PlaceForm):
    """A site to be."""

    id = forms.CharField(
        label=_("Id"), max_length=40, help_text=_("For addresses and files; it never changes.")
    )
    name = forms.CharField(label=_("Name"), max_length=site_values.NAME_CHARS_MAX)
    language = forms.ChoiceField(label=_("First language"), choices=LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zone_choices)
    preset = forms.ChoiceField(label=_("Error contract"), choices=lambda: preset_choices())
    field_order = ("id", "name", "domains", "currency", "language", "time_zone", "plan", "preset")


def preset_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in values.known_presets()]


class SuspendForm(forms.Form):
    """Why a site is suspended or resumed."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class AccentForm(forms.Form):
    """A colour for each theme."""

    accent = forms.CharField(
        label=_("Accent, light theme"),
        required=False,
        max_length=7,
        help_text=_("Written as #0b62d6. Left empty: ours."),
    )
    accent_dark = forms.CharField(
        label=_("Accent, dark theme"),
        required=False,
        max_length=7,
        help_text=_("Left empty: made from the other."),
    )


class LogoForm(forms.Form):
    """A picture."""

    logo = forms.FileField(
        label=_("Logo"),
        help_text=_("PNG, JPEG, WebP or GIF, at most 1 MB. It is shown 26 pixels high."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )


class TextForm(forms.Form):
    """A legal text in one language."""

    body = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=site_values.TEXT_CHARS_MAX,
        widget=area(18),
        help_text=_("# begins a heading, - an item of a list; empty lines part paragraphs."),
    )


class FooterForm(forms.Form):
    """The line under every page, by language."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in LANGUAGES:
            self.fields[code] = forms.CharField(
                label=name, required=False, max_length=site_values.FOOTER_CHARS_MAX
            )


class AnnouncementForm(forms.Form):
    """What an announcement says, in every language, about what and for how long."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Announcement.Kind.choices)
    starts_at = forms.DateTimeField(
        label=_("Begins"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("In this page's time zone."),
    )
    ends_at = forms.DateTimeField(
        label=_("Ends"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Left empty: until it is resolved."),
    )
    model_ids = forms.CharField(
        label=_("Models"),
        required=False,
        max_length=2_000,
        help_text=_("Ids with spaces between them. Left empty: the whole site."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in LANGUAGES:
            self.fields[f"title_{code}"] = forms.CharField(
                label=_("Title, %(language)s") % {"language": name}, required=False, max_length=120
            )
            self.fields[f"body_{code}"] = forms.CharField(
                label=_("Text, %(language)s") % {"language": name},
                required=False,
                max_length=4_000,
                widget=area(3),
            )

    @property
    def texts(self) -> list[Any]:
        """The fields of titles and texts, language by language."""
        names = [(f"title_{code}", f"body_{code}") for code, _name in LANGUAGES]
        return [self[name] for pair in names for name in pair]
