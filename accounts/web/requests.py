"""What our middleware adds to a request, as types for views."""

from django.http import HttpRequest

from accounts.models import Membership, Organization, Site, User


class SiteRequest(HttpRequest):
    """A request after the middleware: `site` always, the rest when someone is logged in."""

    request_id: str
    site: Site  # type: ignore[assignment]  # ours, not django.contrib.sites'
    memberships: list[Membership]
    membership: Membership | None
    organization: Organization | None
    viewing_as: Organization | None


class MemberRequest(HttpRequest):
    """A request that `access.member_page` let through: someone acting for an organization."""

    site: Site  # type: ignore[assignment]  # ours, not django.contrib.sites'
    user: User
    memberships: list[Membership]
    membership: Membership
    organization: Organization


class StaffRequest(HttpRequest):
    """A request that `access.site_page` let through: someone who runs the request's site."""

    site: Site  # type: ignore[assignment]  # ours, not django.contrib.sites'
    user: User
    staff_role: str
