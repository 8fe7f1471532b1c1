"""Who may open a page: decorators around views, from the table in `accounts.permissions`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from accounts.models import SiteStaff, StaffRole, User
from accounts.permissions import Act, StaffAct, may, staff_may
from accounts.time_zones import zone_of
from accounts.web import identity, second_factor
from accounts.web.requests import MemberRequest, SiteRequest, StaffRequest

P = ParamSpec("P")
MemberView = Callable[Concatenate[MemberRequest, P], HttpResponseBase]
StaffView = Callable[Concatenate[StaffRequest, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def login_answer(request: HttpRequest) -> HttpResponseBase:
    """To the log-in page; a fragment request reloads its whole page instead of swapping it in."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())


def member_page(act: Act) -> Callable[[MemberView[P]], View[P]]:
    """Let members through whose role allows `act`.

    A visitor is sent to log in, a user without an organization on this site to make one, and a
    member whose role does not allow it gets 403.
    """

    def decorate(view: MemberView[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            ours = cast(SiteRequest, request)
            if not request.user.is_authenticated:
                return login_answer(request)
            if ours.membership is None:
                return redirect("new_organization")
            if not may(ours.membership.role, act):
                raise PermissionDenied
            return view(cast(MemberRequest, request), *args, **kwargs)

        guarded.member_act = act  # type: ignore[attr-defined]
        return cast(View[P], guarded)

    return decorate


def site_page(act: StaffAct) -> Callable[[StaffView[P]], View[P]]:
    """Let staff of the request's site through whose role allows `act`, and operators.

    Everyone else sees 404, as if there were no page; staff whose role does not allow it get 403.
    """

    def decorate(view: StaffView[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return login_answer(request)
            role = staff_role(request.user, cast(SiteRequest, request).site.pk)
            if role is None:
                raise Http404
            if not staff_may(role, act):
                raise PermissionDenied
            if (answer := second_factor.staff_answer(request)) is not None:
                return answer
            ours = cast(StaffRequest, request)
            ours.staff_role = role
            # The site's days, not those of an organization that the reader may belong to.
            with timezone.override(zone_of(ours.site.time_zone)):
                return view(ours, *args, **kwargs)

        guarded.staff_act = act  # type: ignore[attr-defined]
        return cast(View[P], guarded)

    return decorate


def staff_role(user: User, site_id: str) -> str | None:
    """The user's role among the staff of a site: an operator owns them all; None: not staff."""
    if user.is_operator:
        return StaffRole.OWNER
    return SiteStaff.objects.filter(user=user, site=site_id).values_list("role", flat=True).first()


def operator_page(view: Callable[P, Any]) -> Callable[P, HttpResponseBase]:
    """Let operators of the deployment through; everyone else sees 404, as if there were no page."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request = cast(HttpRequest, args[0])
        if not request.user.is_authenticated:
            return login_answer(request)
        if not getattr(request.user, "is_operator", False):
            raise Http404
        if (answer := second_factor.staff_answer(request)) is not None:
            return answer
        return cast(HttpResponseBase, view(*args, **kwargs))

    guarded.is_operators = True  # type: ignore[attr-defined]
    return guarded


def confirm_identity(view: Callable[P, Any]) -> Callable[P, HttpResponseBase]:
    """Ask again for password, code or passkey before a dangerous act, unless that was within the
    last 15 minutes. Stands below the decorator that says who may open the page.

    The page that asks leads back to this address. A form that was sent meanwhile is not acted on:
    it has to be sent again, so that an act never follows from a session that somebody left open.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request = cast(HttpRequest, args[0])
        if identity.is_fresh(request):
            return cast(HttpResponseBase, view(*args, **kwargs))
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        if request.method != "GET":
            messages.info(request, _("Nothing was changed yet. Please send the form again."))
        if not get_adapter().get_reauthentication_methods(request.user):
            return _log_in_again(request)
        target = urlencode({"next": _form_page(request)})
        return redirect(f"{reverse('account_reauthenticate')}?{target}")

    guarded.asks_again = True  # type: ignore[attr-defined]
    return guarded


def confirm_posts(view: Callable[P, Any]) -> Callable[P, HttpResponseBase]:
    """The same for a page that everybody who may open it may read: only changing asks again."""
    asking = confirm_identity(view)

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if cast(HttpRequest, args[0]).method in ("GET", "HEAD"):
            return cast(HttpResponseBase, view(*args, **kwargs))
        return asking(*args, **kwargs)

    guarded.asks_again = True  # type: ignore[attr-defined]
    return guarded


def _form_page(request: HttpRequest) -> str:
    """Where to go back to: this address, or of a form the page that it stood on."""
    here = request.get_full_path()
    came_from = request.headers.get("Referer", "")
    if request.method == "GET" or not url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return here
    parts = urlsplit(came_from)
    return urlunsplit(("", "", parts.path, parts.query, "")) or here


def _log_in_again(request: HttpRequest) -> HttpResponseBase:
    """For who has neither password nor second factor here, but logs in through somebody else."""
    messages.info(request, _("Log out and in again to show that it is you."))
    back = urlencode({"next": _form_page(request)})
    target = urlencode({"next": f"{reverse('account_login')}?{back}"})
    return redirect(f"{reverse('account_logout')}?{target}")
