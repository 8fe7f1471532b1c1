"""The reader's own profile: name, language, clock, colours; and the address they are written to."""

from typing import Any, cast

from allauth.account.internal.flows.email_verification import send_verification_email_for_user
from allauth.account.models import EmailAddress
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.web.forms import time_zone_choices
from accounts.web.pages import render_page
from accounts.web.preferences import THEME_COOKIE, THEMES, remember, theme_of


def zones() -> list[Any]:
    """The organization's zone first, then all the others."""
    return [("", _("As the organization")), *time_zone_choices()]


class ProfileForm(forms.Form):
    """What a person says of themselves."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=[("", gettext_lazy("As the site")), *settings.LANGUAGES],
        required=False,
        help_text=gettext_lazy("Of pages and of mails to you."),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=lazy(zones, list)(),
        required=False,
        help_text=gettext_lazy(
            "Clock times are shown in it. Days, totals and budgets follow the organization."
        ),
    )
    theme = forms.ChoiceField(
        label=gettext_lazy("Colours"),
        choices=[
            ("", gettext_lazy("As the device")),
            ("light", gettext_lazy("Light")),
            ("dark", gettext_lazy("Dark")),
        ],
        required=False,
    )


@require_http_methods(["GET", "POST"])
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show and save. The choices are kept with the login, and in this browser at once."""
    user = cast(User, request.user)
    initial = {
        "name": user.name,
        "language": user.language,
        "time_zone": user.time_zone,
        "theme": theme_of(request),
    }
    form = ProfileForm(request.POST or None, initial=initial)
    if form.is_valid():
        for field, value in form.cleaned_data.items():
            setattr(user, field, value)
        user.save(update_fields=[*form.cleaned_data])
        messages.success(request, _("Saved."))
        return with_cookies(redirect("profile"), user)
    address = EmailAddress.objects.filter(user=user, email=user.email).first()
    context = {
        "tab": "profile",
        "form": form,
        "is_unverified": address is not None and not address.verified,
    }
    status = 422 if form.is_bound else 200
    return render_page(request, "settings/profile.html", context, status=status)


def with_cookies(response: HttpResponse, user: User) -> HttpResponse:
    """The same choices for this browser, which counts before the login's."""
    if user.language:
        remember(response, settings.LANGUAGE_COOKIE_NAME, user.language)
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    if user.theme in THEMES:
        remember(response, THEME_COOKIE, user.theme)
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


@require_POST
@login_required
def send_verification(request: HttpRequest) -> HttpResponse:
    """Mail the link again that verifies the address; at most one in three minutes."""
    if send_verification_email_for_user(request, cast(User, request.user)):
        messages.success(request, _("The link is on its way. Look into the spam folder too."))
    else:
        messages.info(request, _("A link was sent a moment ago. Please wait three minutes."))
    return redirect("profile")
