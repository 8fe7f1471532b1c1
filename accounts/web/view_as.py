"""Staff look at a customer's dashboard as the customer sees it: only to look, only at the site's
own host, for an hour at most, and noted at both ends in the trail that the customer reads too.

While it lasts the session changes nothing anywhere, not even by the staff's own powers.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, cast

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.models import Membership, Organization, Role, User
from accounts.permissions import StaffAct, staff_may
from accounts.time_zones import zone_of
from accounts.web.access import login_answer, staff_role
from accounts.web.requests import SiteRequest

SESSION_KEY = "view_as"
# Long enough for one question of a customer; who needs more gives the reason again.
LASTS_S = 60 * 60
# Where the customer's own pages are; a person's settings below them are the staff's, not theirs.
DASHBOARD, OWN_SETTINGS = "/app/", "/app/settings/"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# What may be sent all the same: none of it is the customer's.
OPEN_NAMES = ("end_view_as", "account_logout", "set_theme", "set_language")
TIME_IS_UP, LOGGED_OUT, NO_RIGHT = "the hour is over", "logged out", "no right any more"

GetResponse = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True, slots=True)
class Viewing:
    """What the session keeps. `back` is the page that it began on."""

    user: int
    organization: str
    until_s: float
    back: str


def start(request: HttpRequest, organization: Organization, *, reason: str, back: str) -> None:
    """Begin. The caller has seen to it that the reader may, and that the customer is of this site;
    one that had begun before ends."""
    end(request, "another begins")
    user = cast(User, request.user)
    until_s = time.time() + LASTS_S
    after = {"minutes_max": LASTS_S // 60}
    by = audit.actor_of(request)
    audit.record(
        by, "view_as.start", organization, organization=organization, after=after, reason=reason
    )
    request.session[SESSION_KEY] = asdict(Viewing(user.pk, organization.pk, until_s, back))


def end(request: HttpRequest, reason: str = "") -> str:
    """End it, where it had begun. Gives the page to go back to."""
    viewing = _read(request)
    if viewing is None:
        return DASHBOARD
    with transaction.atomic():
        del request.session[SESSION_KEY]
        organization = Organization.objects.filter(pk=viewing.organization).first()
        if organization is not None:
            by = audit.actor_of(request)
            audit.record(by, "view_as.end", organization, organization=organization, reason=reason)
    return viewing.back


@require_POST
def end_page(request: HttpRequest) -> HttpResponseBase:
    """The button of the banner."""
    if not request.user.is_authenticated:
        return login_answer(request)
    return redirect(end(request))


def on_logged_out(request: HttpRequest | None, user: User | None, **_: Any) -> None:
    """It ends with the session that it is part of."""
    if request is not None and user is not None and SESSION_KEY in request.session:
        request.user = user
        end(request, LOGGED_OUT)


def connect() -> None:
    """Listen to who logs out; sent while the session is still there."""
    user_logged_out.connect(on_logged_out)


class ViewAsMiddleware:
    """Puts the customer in the place of the reader's own organization, and lets nothing be sent."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        organization = _customer_of(request)
        request.viewing_as = organization
        if organization is None:
            return self.get_response(request)
        with timezone.override(zone_of(organization.time_zone)):
            if request.path.startswith(DASHBOARD):
                _take_place(request, organization)
            if _is_refused(request):
                return render(request, "view_as_refused.html", status=403)
            response = self.get_response(request)
        response.headers["Cache-Control"] = "private, no-store"
        return response


def _customer_of(request: SiteRequest) -> Organization | None:
    """Whom the reader looks as; None, and an end to it, when the hour or the right is over."""
    viewing = _read(request)
    if viewing is None:
        return None
    if viewing.until_s <= time.time():
        end(request, TIME_IS_UP)
        return None
    user = cast(User, request.user)
    role = staff_role(user, request.site.pk) or ""
    found = Organization.objects.filter(pk=viewing.organization, site=request.site)
    organization = found.select_related("site").first()
    if organization is None or not staff_may(role, StaffAct.SERVE_CUSTOMERS):
        end(request, NO_RIGHT)
        return None
    return organization


def _read(request: HttpRequest) -> Viewing | None:
    if not isinstance(request.user, User):
        return None
    kept = request.session.get(SESSION_KEY)
    viewing = Viewing(**kept) if kept else None
    return viewing if viewing and viewing.user == request.user.pk else None


def _take_place(request: SiteRequest, organization: Organization) -> None:
    """As somebody there who may only look; kept nowhere."""
    membership = Membership(
        organization=organization, user=cast(User, request.user), role=Role.VIEWER
    )
    membership.site_role = ""  # type: ignore[attr-defined]  # as `middleware.memberships_of` has
    membership.is_unverified = False  # type: ignore[attr-defined]
    request.memberships, request.membership = [membership], membership
    request.organization = organization


def _is_refused(request: HttpRequest) -> bool:
    if request.path.startswith(OWN_SETTINGS):
        return True
    if request.method in SAFE_METHODS:
        return False
    return request.path not in [reverse(name) for name in OPEN_NAMES]
