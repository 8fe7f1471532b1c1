"""Forms of upstreams. The credential goes in and never comes out."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models.sites import SLUG
from relay.catalog import credentials, quirk_section, values
from relay.catalog.specs import TOKENS_MAX
from relay.models import Upstream
from relay.models.upstreams import LABEL_CHARS_MAX, PAUSE_REASON_CHARS_MAX
from relay.proxy.upstream.port import Origin


class QuirksField(forms.JSONField):
    """JSON, and an empty box where there is none."""

    def prepare_value(self, value: Any) -> Any:
        """What the box shows."""
        return super().prepare_value(value) if value else ""


class UpstreamForm(forms.Form):
    """What an upstream is. An empty credential keeps the stored one."""

    base_url = forms.CharField(
        label=_("Base URL"),
        max_length=values.BASE_URL_CHARS_MAX,
        help_text=_("Up to the version, e.g. https://api.example.com/v1"),
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    dialect = forms.ChoiceField(label=_("Dialect"), choices=Upstream.Dialect.choices)
    provider = forms.CharField(
        label=_("Provider"),
        required=False,
        max_length=60,
        help_text=_("What the X-AI-Provider header matches."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    concurrency_max = forms.IntegerField(
        label=_("Calls at once"),
        required=False,
        min_value=1,
        max_value=TOKENS_MAX,
        help_text=_("Over all relays; beyond it the next route is tried. Empty: no limit."),
        widget=forms.NumberInput(attrs={"autocomplete": "off"}),
    )
    quirks = QuirksField(
        label=_("Quirks"),
        required=False,
        help_text=_("What differs here, as JSON: speaks, paths, headers, renames, lacks."),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
    credential = forms.CharField(
        label=_("Credential"),
        required=False,
        max_length=credentials.CREDENTIAL_BYTES_MAX,
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, upstream: Upstream | None = None, **kwargs: Any) -> None:
        if upstream is not None:
            names = ("base_url", "dialect", "provider", "concurrency_max")
            initial = {name: getattr(upstream, name) for name in names}
            kwargs["initial"] = initial | {"quirks": upstream.quirks}
        super().__init__(*args, **kwargs)
        # The stored one: a save must not happen to write what was only typed.
        self._sent_to = upstream.base_url if upstream and upstream.has_credential else ""

    def clean_base_url(self) -> str:
        """The address, as the data plane can use it."""
        try:
            return values.base_url(self.cleaned_data["base_url"].strip())
        except ValueError as error:
            message = _("Not a base URL such as https://api.example.com/v1")
            raise ValidationError(message) from error

    def clean_credential(self) -> str:
        """One line, or nothing."""
        return usable(self.cleaned_data["credential"])

    def clean_quirks(self) -> dict[str, Any]:
        """As the data plane can use them."""
        try:
            return quirk_section.check(self.cleaned_data["quirks"] or {})
        except ValueError as error:
            reason = _("It cannot be used: %(reason)s")
            raise ValidationError(reason, params={"reason": error}) from error

    def clean(self) -> dict[str, Any] | None:
        """A stored credential is for the host that it was entered for: a new host must not get
        it without somebody who knows it."""
        data = super().clean() or self.cleaned_data
        base_url = data.get("base_url")
        if self._sent_to and base_url and not data.get("credential"):
            old, new = Origin.parse(self._sent_to), Origin.parse(base_url)
            if (old.scheme, old.host, old.port) != (new.scheme, new.host, new.port):
                self.add_error("credential", _("Enter it again: it would go to another host."))
        return data

    def settings(self) -> dict[str, Any]:
        """The arguments of `upstreams.create` and `update`."""
        names = ("dialect", "base_url", "provider", "credential", "concurrency_max", "quirks")
        return {name: self.cleaned_data[name] for name in names}


def usable(text: str) -> str:
    """A credential, or nothing; raises ValidationError without repeating it."""
    try:
        return credentials.usable(text) if text else ""
    except ValueError as error:
        raise ValidationError(_("A credential is one line of printable ASCII.")) from error


class CredentialForm(forms.Form):
    """One more credential. It goes in and never comes out."""

    prefix = "new"
    label = forms.CharField(
        label=_("Label"),
        max_length=LABEL_CHARS_MAX,
        help_text=_("What you will know it by."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    secret = forms.CharField(
        label=_("Credential"),
        max_length=credentials.CREDENTIAL_BYTES_MAX,
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"}
        ),
    )

    def clean_secret(self) -> str:
        """One line."""
        return usable(self.cleaned_data["secret"])


class NewUpstreamForm(UpstreamForm):
    """The same with the id, which never changes."""

    id = forms.RegexField(
        SLUG.regex,
        label=_("Id"),
        max_length=40,
        error_messages={"invalid": _("Only lower-case letters, digits and dashes.")},
        help_text=_("Lower-case letters, digits and dashes. It cannot be changed later."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class PauseForm(forms.Form):
    """Why no new calls go there."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=PAUSE_REASON_CHARS_MAX,
        help_text=_("Shown here and in the audit log."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CallForm(forms.Form):
    """Which of the upstream's models to try."""

    model = forms.CharField(
        label=_("The upstream's model name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
