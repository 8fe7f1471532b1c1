"""What every template may use: site, organization, language and theme of the request."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

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
        "languages": LANGUAGES,
        "theme": theme_of(request),
    }
