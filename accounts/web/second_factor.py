"""The second factor: how its secrets are kept, and that staff have one and used it.

What people do with theirs is in `accounts.web.security` and allauth's own views.
"""

from typing import cast

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.web.requests import SiteRequest

# What allauth calls an authentication by code or passkey.
METHOD = "mfa"


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's hook: secrets are encrypted at rest, names are the site's."""

    def encrypt(self, text: str) -> str:
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _fernet().decrypt(encrypted_text.encode()).decode()

    def _get_site_name(self) -> str:
        return str(cast(SiteRequest, context.request).site.name)

    def generate_authenticator_name(self, user: User, type: str) -> str:
        """What a passkey is called until its owner says otherwise."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)s") % {"number": count + 1}


def is_required() -> bool:
    """Whether staff pages insist on it: always, but on a developer's own stack."""
    return bool(settings.STAFF_SECOND_FACTOR == "required")


def was_used(request: HttpRequest) -> bool:
    """Whether this session was opened or confirmed with a code or a passkey."""
    records = get_authentication_records(request, request.user)
    return any(each.get("method") == METHOD for each in records)


def staff_answer(request: HttpRequest) -> HttpResponseBase | None:
    """None when staff may go on; else the way to set up a second factor, or to use it."""
    if not is_required() or was_used(request):
        return None
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    user = cast(User, request.user)
    if not is_mfa_enabled(user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]):
        messages.warning(request, _("Staff pages need a second factor. Please set one up."))
        return redirect("mfa_index")
    has_codes = is_mfa_enabled(user, [Authenticator.Type.TOTP])
    page = "mfa_reauthenticate" if has_codes else "mfa_reauthenticate_webauthn"
    return redirect(f"{reverse(page)}?{urlencode({'next': request.get_full_path()})}")


def note_set_up(request: HttpRequest) -> None:
    """Whoever has just set up a second factor has shown it: it counts as used."""
    record_authentication(request, request.user, METHOD, reauthenticated=True)


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])
