"""The pages of one site have two doors: its staff's under /site/, the operators' under /ops/sites/.

A page is written once, for a `Shell` that says whose it is; `two_doors` makes both views of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.web.access import operator_page, site_page
from accounts.web.requests import StaffRequest

View = Callable[..., HttpResponseBase]
# The pages of a site, as tabs and as entries of its staff's navigation.
PAGES: dict[str, Promise] = {
    "settings": _("Settings"),
    "brand": _("Brand"),
    "content": _("Texts"),
    "errors": _("Errors"),
    "announcements": _("Announcements"),
    "setup": _("Checklist"),
}


@dataclass(frozen=True, slots=True)
class Shell:
    """Whose page it is, and around what. `page` is one of PAGES."""

    site: Site
    page: str
    is_ops: bool

    @property
    def base(self) -> str:
        """The template that is extended."""
        return "ops/base.html" if self.is_ops else "site/base.html"

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
        return reverse(f"site_{page}")

    @property
    def tabs(self) -> list[tuple[str, Promise, bool]]:
        """Address, word and whether it is the current one; for operators, who have no such nav."""
        return [(self.url_of(page), word, page == self.page) for page, word in PAGES.items()]


Page = Callable[[HttpRequest, Shell], HttpResponse]


def two_doors(page_name: str, act: StaffAct, page: Page) -> tuple[View, View]:
    """The views for the site's staff whose role allows `act`, and for operators."""

    def of_staff(request: StaffRequest) -> HttpResponse:
        return page(request, Shell(request.site, page_name, is_ops=False))

    def of_operators(request: HttpRequest, site_id: str) -> HttpResponse:
        site = get_object_or_404(Site, pk=site_id)
        return page(request, Shell(site, page_name, is_ops=True))

    methods = require_http_methods(["GET", "POST"])
    return methods(site_page(act)(of_staff)), methods(operator_page(of_operators))
