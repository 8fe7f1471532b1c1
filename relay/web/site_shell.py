"""The pages of one site, its staff's under /site/ and the operators' under /ops/sites/: what is
around each of them.

A page is written once, for a `Shell`; `site_view` makes the view of either door from it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.web.doors import Door, Pair, staff_view

# The pages of a site, as tabs and as entries of its staff's navigation.
PAGES: dict[str, Promise] = {
    "settings": _("Settings"),
    "models": _("Models"),
    "brand": _("Brand"),
    "content": _("Texts"),
    "errors": _("Errors"),
    "announcements": _("Announcements"),
    "setup": _("Checklist"),
}


@dataclass(frozen=True, slots=True)
class Shell:
    """Which site's page it is, and behind which door. `page` is one of PAGES."""

    door: Door
    site: Site
    page: str

    @property
    def is_ops(self) -> bool:
        return self.door.is_ops

    @property
    def base(self) -> str:
        """The template that is extended."""
        return self.door.base

    @property
    def title(self) -> Promise:
        return PAGES[self.page]

    @property
    def url(self) -> str:
        """The page itself: its forms come back to it."""
        return self.url_of(self.page)

    def url_of(self, page: str) -> str:
        """Another page of the same site, through the same door."""
        if self.is_ops:
            name = "ops_site" if page == "settings" else f"ops_site_{page}"
            return reverse(name, args=[self.site.pk])
        return reverse(self.door.page(page))

    @property
    def tabs(self) -> list[tuple[str, Promise, bool]]:
        """Address, word and whether it is the current one; for operators, who have no such nav."""
        return [(self.url_of(page), word, page == self.page) for page, word in PAGES.items()]


Page = Callable[[HttpRequest, Shell], HttpResponse]


def site_view(page_name: str, act: StaffAct) -> Callable[[Page], Pair]:
    """Make both views of one that takes (request, shell). `act` is what the site's staff need."""

    def decorate(page: Page) -> Pair:
        @require_http_methods(["GET", "POST"])
        def view(request: HttpRequest, door: Door, site_id: str = "") -> HttpResponseBase:
            return page(request, Shell(door, door.find_site(site_id), page_name))

        return staff_view(act)(view)

    return decorate
