"""Request id, Host → site, cookie → language, session → organization: what a page starts from.

Never decides what a member may do (`accounts.web.access` does).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import DataError
from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.views import defaults

from accounts.ids import new_id
from accounts.models import FirstRun, Membership, Site, SiteStaff, SiteText, User
from accounts.time_zones import shown_in, zone_of
from accounts.web import first_run
from accounts.web.requests import SiteRequest

GetResponse = Callable[[HttpRequest], HttpResponse]
ORGANIZATION_SESSION_KEY = "organization"
ACTIVITY_STEP = timedelta(minutes=5)
MISDIRECTED = "No site answers at this address.\n"
# Which legal texts a site has, for the links under every page; in the query that finds the site.
LEGAL = {
    f"has_{kind}": Exists(SiteText.objects.filter(site=OuterRef("pk"), kind=kind))
    for kind in SiteText.Kind.values
}
# Whether somebody is still to become the first operator.
AWAITS_CLAIM = Exists(FirstRun.objects.filter(claimed_at=None, finished_at=None))
# What a suspended site still answers: its staff must get in, and everyone may read what was agreed.
OPEN_WHILE_SUSPENDED = (
    "/site/",
    "/ops/",
    "/accounts/",
    "/preferences/",
    "/legal/",
    "/brand/",
    "/status",
)
SUSPENDED_RETRY_S = "3600"


class RequestIdMiddleware:
    """Sets `request.request_id` and tells it in the answer; error pages and the audit log show it.

    One that the caller sends does not count: it could name another's request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = new_id("page")
        cast(SiteRequest, request).request_id = request_id
        response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response


class SiteMiddleware:
    """Sets `request.site` by exact Host; any other host is answered 421, in plain text.

    While the deployment is new, pages lead to its wizard, on whichever host.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        domain, _port = split_domain_port(request.get_host())
        rows = Site.objects.annotate(**LEGAL, awaits_claim=AWAITS_CLAIM)
        site = rows.filter(domains__domain=domain).first() or first_run.stand_in()
        if site is None:
            return HttpResponse(MISDIRECTED, status=421, content_type="text/plain; charset=utf-8")
        if (answer := first_run.lead(request, site)) is not None:
            return answer
        cast(SiteRequest, request).site = site
        return self.get_response(request)


class SuspensionMiddleware:
    """Answers 503 for a suspended site, with a page that says so. Knows the reader's language."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        if request.site.is_active or request.path.startswith(OPEN_WHILE_SUSPENDED):
            return self.get_response(request)
        response = render(request, "public/suspended.html", status=503)
        response.headers["Retry-After"] = SUSPENDED_RETRY_S
        response.headers["Cache-Control"] = "no-store"
        return response


class LanguageMiddleware:
    """Activates the reader's language: the cookie of the switch, else the user's, else the site's.

    A browser's Accept-Language does not count: a site speaks its own language until told.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        language = self.language_of(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Cookie",))
        return response

    def language_of(self, request: SiteRequest) -> str:
        offered = request.site.languages
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if chosen in offered:
            return chosen
        if isinstance(request.user, User) and request.user.language in offered:
            return request.user.language
        return request.site.language


class OrganizationMiddleware:
    """Sets `request.organization` and `membership`: the one chosen in the session, else the first.

    Only memberships on the request's site count. Times are shown in the organization's zone.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        request.memberships = memberships_of(request)
        chosen_id = request.session.get(ORGANIZATION_SESSION_KEY) if request.memberships else None
        request.membership = next(
            (m for m in request.memberships if m.organization_id == chosen_id),
            request.memberships[0] if request.memberships else None,
        )
        request.organization = request.membership.organization if request.membership else None
        if request.membership is not None:
            note_activity(request.membership)
        zone = request.organization.time_zone if request.organization else request.site.time_zone
        mine = request.user.time_zone if isinstance(request.user, User) else ""
        with timezone.override(zone_of(zone)), shown_in(mine):
            return self.get_response(request)


def note_activity(membership: Membership) -> None:
    """Remember that the member was here: one write in five minutes, however busy they are."""
    now = timezone.now()
    before = membership.last_active_at
    if before is None or now - before > ACTIVITY_STEP:
        Membership.objects.filter(pk=membership.pk).update(last_active_at=now)


def memberships_of(request: SiteRequest) -> list[Membership]:
    """The user's memberships on this site, oldest first; none for a visitor.

    Each knows the user's role among the site's staff (`site_role`), and whether
    their address is not verified yet (`is_unverified`): the shell shows both.
    """
    if not isinstance(request.user, User):
        return []
    rows = Membership.objects.filter(user=request.user, organization__site=request.site)
    staff = SiteStaff.objects.filter(user=request.user, site=request.site)
    unread = EmailAddress.objects.filter(user=request.user, verified=False)
    rows = rows.annotate(site_role=Subquery(staff.values("role")[:1]), is_unverified=Exists(unread))
    return list(rows.select_related("organization").order_by("created_at", "id"))


class ImpossibleTextMiddleware:
    """Answers 404 where a request names something by a text with a NUL, which no text in Postgres
    has: there is no such thing."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Only what the database has refused, and only for that."""
        if isinstance(error, DataError) and _has_nul(request):
            return defaults.page_not_found(request, error)
        return None


def _has_nul(request: HttpRequest) -> bool:
    sent = (
        text for part in (request.GET, request.POST) for _, each in part.lists() for text in each
    )
    return "\0" in request.path or any("\0" in str(text) for text in sent)
