"""What every template may use: site, organization, language and theme of the request."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from accounts.web.access import staff_role
from accounts.web.preferences import theme_of

# Django's code, its name in its own words, and the BCP 47 tag that `lang` wants.
LANGUAGES = [
    ("en", "English", "en"),
    ("zh-hans", "简体中文", "zh-Hans"),
    ("zh-hant", "繁體中文", "zh-Hant"),
]
TAGS = {code: (name, tag) for code, name, tag in LANGUAGES}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Safe on requests that the middleware did not see (error pages)."""
    language = getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)
    name, tag = TAGS.get(language, TAGS["en"])
    return {
        "site": getattr(request, "site", None),
        "organization": getattr(request, "organization", None),
        "membership": getattr(request, "membership", None),
        "memberships": getattr(request, "memberships", []),
        "language": language,
        "language_name": name,
        "html_lang": tag,
        "languages": _offered(request),
        "theme": theme_of(request),
        "own_shell": _own_shell(request),
        "staff_role": SimpleLazyObject(lambda: _staff_role(request)),
    }


def _offered(request: HttpRequest) -> list[tuple[str, str, str]]:
    """What the language menu holds."""
    site = getattr(request, "site", None)
    return [row for row in LANGUAGES if site is None or row[0] in site.languages]


def _staff_role(request: HttpRequest) -> str:
    """What the reader may do on the site's staff pages; "" for most."""
    known = getattr(request, "staff_role", None)  # `access.site_page` looked already
    if known:
        return str(known)
    site, user = getattr(request, "site", None), getattr(request, "user", None)
    if site is None or not isinstance(user, User):
        return ""
    memberships = getattr(request, "memberships", [])
    if memberships and not user.is_operator:
        return memberships[0].site_role or ""
    return staff_role(user, site.pk) or ""


def _own_shell(request: HttpRequest) -> str:
    """The frame around a person's own settings: that of the pages they work on."""
    user = getattr(request, "user", None)
    if getattr(request, "organization", None) is not None or not isinstance(user, User):
        return "app.html"
    if user.is_operator:
        return "ops/base.html"
    return "site/base.html" if _staff_role(request) else "app.html"
