"""Addresses of the pages that set one site up, behind either door (`accounts.web.doors`)."""

from django.urls import URLPattern, path

from accounts.web.doors import Pair
from relay.web import (
    price_urls,
    site_announcements,
    site_brand,
    site_content,
    site_errors,
    site_models,
    site_settings,
    site_setup,
)

# Names as in `site_shell.PAGES`, which are the addresses, too.
PAGES: dict[str, Pair] = {
    "settings": site_settings.settings,
    "models": site_models.models,
    "brand": site_brand.brand,
    "content": site_content.content,
    "errors": site_errors.error_page,
    "announcements": site_announcements.of_site,
    "setup": site_setup.setup,
}
BELOW = "sites/id/<slug:site_id>"
ops_urls: list[URLPattern] = [
    path(BELOW, PAGES["settings"].ops, name="ops_site"),
    *(
        path(f"{BELOW}/{name}", pair.ops, name=f"ops_site_{name}")
        for name, pair in PAGES.items()
        if name != "settings"
    ),
]
urlpatterns: list[URLPattern] = [
    *(path(name, pair.site, name=f"site_{name}") for name, pair in PAGES.items()),
    *price_urls.site_urls,
]
