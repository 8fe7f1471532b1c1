"""Forms of the accounts pages."""

from itertools import groupby
from typing import Any, cast
from zoneinfo import available_timezones

from allauth.account.adapter import get_adapter
from allauth.core import context as allauth_context
from django import forms
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from accounts import audit, invitations, organizations
from accounts.models import Site, User, Via
from accounts.web.invitations import waiting_in
from accounts.web.requests import SiteRequest

# IANA areas that people live in; the rest of the list is aliases kept for old software.
AREAS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


class OrganizationSignupForm(forms.Form):
    """What sign-up asks beside mail and password (allauth adds those)."""

    organization = forms.CharField(
        label=_("Organization"),
        max_length=100,
        required=False,
        help_text=_("Your company or project. Left empty, it is named after your mail address."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )

    def clean(self) -> dict[str, Any] | None:
        """Where only invited people may join, an invitation is for one address."""
        cleaned = super().clean()
        request = cast(SiteRequest, allauth_context.request)
        if request.site.sign_up == Site.SignUp.INVITE:
            invited = waiting_in(request)
            email = (self.cleaned_data.get("email") or "").lower()
            if invited is None or invited.email != email:
                self.add_error("email", _("Please sign up with the address that was invited."))
        return cleaned

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth once the user is stored: the organization and its owner; or, for who
        came by an invitation to this address, the membership."""
        invited = waiting_in(request)
        if invited is not None and invited.email == user.email:
            by = audit.Actor(Via.PAGE, user.email, user, request.META.get("REMOTE_ADDR") or None)
            invitations.accept(invited, user, by=by)
            # They followed a link to it. allauth stores the address after this, as verified then.
            get_adapter().stash_verified_email(request, user.email)
            return
        name = self.cleaned_data["organization"] or user.email.partition("@")[0]
        organizations.create(cast(SiteRequest, request).site, name=name, owner=user)


class NewOrganizationForm(forms.Form):
    """A first organization for a login that has none on this site."""

    name = forms.CharField(label=_("Organization"), max_length=100)


def time_zone_choices() -> list[tuple[str, str | list[tuple[str, str]]]]:
    """Time zones by area, as a select with groups shows them."""
    names = sorted(name for name in available_timezones() if name.split("/")[0] in AREAS)
    groups = groupby(names, key=lambda name: name.split("/")[0])
    choices: list[tuple[str, str | list[tuple[str, str]]]] = [("UTC", "UTC")]
    for area, members in groups:
        choices.append((area, [(n, n.partition("/")[2].replace("_", " ")) for n in members]))
    return choices


class OrganizationForm(forms.Form):
    """What an owner may change of an organization."""

    name = forms.CharField(label=_("Name"), max_length=100)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lazy(time_zone_choices, list)(),
        help_text=_("Days, totals and budgets begin at midnight there."),
    )
