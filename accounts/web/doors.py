"""One page, two doors: operators open it for every site, a site's staff for their own.

The view is written once and told through which door the reader came.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from accounts.models import Organization, Site, StaffRole
from accounts.permissions import StaffAct, staff_may
from accounts.web.access import confirm_identity, operator_page, site_page
from accounts.web.requests import StaffRequest

PageView = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Door:
    """Whose pages these are: `name` is ops or site, and begins the names of its addresses."""

    name: str
    site: Site | None  # None: every site
    role: str

    def may(self, act: StaffAct) -> bool:
        """Whether the reader's role allows it; operators may everything."""
        return staff_may(self.role, act)

    def page(self, name: str) -> str:
        """The name of an address behind this door."""
        return f"{self.name}_{name}"

    @property
    def is_ops(self) -> bool:
        """Whether it is the operators'."""
        return self.site is None

    @property
    def base(self) -> str:
        """The template that its pages extend."""
        return f"{self.name}/base.html"

    @property
    def organizations(self) -> QuerySet[Organization]:
        """The customers that the reader may know of."""
        rows = Organization.objects.select_related("site")
        return rows if self.site is None else rows.filter(site=self.site)

    def find(self, organization_id: str) -> Organization:
        """One of them; anybody else's is a 404."""
        return get_object_or_404(self.organizations, pk=organization_id)

    def find_site(self, site_id: str) -> Site:
        """The reader's own; for operators, the one that the address names, else 404."""
        return self.site or get_object_or_404(Site, pk=site_id)


OPERATORS = Door("ops", None, StaffRole.OWNER)


class Pair(NamedTuple):
    """The view for either door."""

    ops: PageView
    site: PageView


def staff_view(act: StaffAct, *, asks_again: bool = False) -> Callable[[PageView], Pair]:
    """Make both views of one that takes (request, door, …). `act` is what a site's staff need;
    `asks_again` has them prove first who they are."""

    def decorate(view: PageView) -> Pair:
        @wraps(view)
        def for_operators(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            return view(request, OPERATORS, **kwargs)

        @wraps(view)
        def for_staff(request: StaffRequest, **kwargs: Any) -> HttpResponseBase:
            return view(request, Door("site", request.site, request.staff_role), **kwargs)

        if not asks_again:
            return Pair(operator_page(for_operators), site_page(act)(for_staff))
        return Pair(
            operator_page(confirm_identity(for_operators)),
            site_page(act)(confirm_identity(for_staff)),
        )

    return decorate
