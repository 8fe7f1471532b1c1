"""The reader's own switches, kept in cookies: language and colours. They work without a login."""

from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.web.requests import SiteRequest

THEME_COOKIE = "theme"
THEMES = ("light", "dark")
YEAR_S = 365 * 24 * 3600


def theme_of(request: HttpRequest) -> str:
    """ "light" or "dark" if the reader chose one, else "": as the device wants it.

    The choice of this browser counts before the one kept with the login.
    """
    user = getattr(request, "user", None)
    kept = user.theme if isinstance(user, User) else ""
    chosen = request.COOKIES.get(THEME_COOKIE, kept)
    return chosen if chosen in THEMES else ""


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the colours; anything but light and dark forgets them."""
    response = back(request)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        remember(response, THEME_COOKIE, chosen)
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language, also for the user's mail; an unknown one changes nothing."""
    response = back(request)
    chosen = request.POST.get("language", "")
    if chosen in cast(SiteRequest, request).site.languages:
        remember(response, settings.LANGUAGE_COOKIE_NAME, chosen)
        if isinstance(request.user, User) and request.user.language != chosen:
            request.user.language = chosen
            request.user.save(update_fields=["language"])
    return response


def back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page the form was on; a foreign address is ignored."""
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(target if is_ours else "/")


def remember(response: HttpResponse, name: str, value: str) -> None:
    """Set a cookie that scripts cannot read, for a year."""
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(
        name, value, max_age=YEAR_S, secure=bool(secure), httponly=True, samesite="Lax"
    )
