"""The reader's own safety: password, second factors, other ways in, open sessions."""

from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter as get_social_adapter
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.web import second_factor
from accounts.web.pages import render_page

# A list, not an archive: the newest count.
SESSIONS_MAX = 50


@require_safe
@login_required
def security(request: HttpRequest) -> HttpResponse:
    """What protects this login."""
    user = cast(User, request.user)
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    by_type = {factor.type: factor for factor in factors}
    codes = by_type.get(Authenticator.Type.RECOVERY_CODES)
    context = {
        "tab": "security",
        "has_password": user.has_usable_password(),
        "app": by_type.get(Authenticator.Type.TOTP),
        "passkeys": [factor for factor in factors if factor.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "has_second_factor": any(factor is not codes for factor in factors),
        "is_verified": not EmailAddress.objects.filter(user=user, verified=False).exists(),
        "is_required_of_staff": second_factor.is_required(),
        "sessions": sessions_of(user),
        "session_key": request.session.session_key,
        "providers": get_social_adapter().list_providers(request),
        "accounts": SocialAccount.objects.filter(user=user),
    }
    return render_page(request, "settings/security.html", context)


def sessions_of(user: User) -> list[Any]:
    """Where the user is logged in, newest first; those that are over are forgotten on the way."""
    found = UserSession.objects.purge_and_list(user)
    newest: list[Any] = sorted(found, key=lambda row: row.created_at, reverse=True)
    return newest[:SESSIONS_MAX]


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Log out one other browser; 404 for anyone else's."""
    row = get_object_or_404(UserSession, user=cast(User, request.user), pk=session_id)
    row.end()
    messages.success(request, _("That session is ended."))
    return redirect("mfa_index")


@require_POST
@login_required
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Log out everywhere but here."""
    rows = UserSession.objects.filter(user=cast(User, request.user))
    for row in rows.exclude(session_key=request.session.session_key or ""):
        row.end()
    messages.success(request, _("All other sessions are ended."))
    return redirect("mfa_index")
