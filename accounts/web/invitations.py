"""The page behind an invitation's link: for the invited, a newcomer, and whoever else opens it."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import audit, invitations
from accounts.models import Invitation, User
from accounts.web.middleware import ORGANIZATION_SESSION_KEY
from accounts.web.pages import render_page
from accounts.web.requests import SiteRequest

# Where the link's token waits while its reader signs up.
SESSION_KEY = "invitation"
GONE = 410


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show who invites to what; a POST joins. A link that is over looks like one that never
    was."""
    row = invitations.find(token, site=cast(SiteRequest, request).site)
    if row is None:
        return render_page(request, "account/invitation.html", {"invitation": None}, status=GONE)
    if not isinstance(request.user, User):
        request.session[SESSION_KEY] = token
    elif request.method == "POST" and request.user.email == row.email:
        return join(request, row, request.user)
    is_theirs = isinstance(request.user, User) and request.user.email == row.email
    context = {"invitation": row, "is_theirs": is_theirs, "masked": masked(row.email)}
    return render_page(request, "account/invitation.html", context)


def join(request: HttpRequest, row: Invitation, user: User) -> HttpResponse:
    """Become a member, and act for the organization from the next page on."""
    try:
        invitations.accept(row, user, by=audit.actor_of(request))
    except invitations.InvitationError as error:
        messages.error(request, str(error))
        return redirect(request.path)
    invitations.verify_address(user)
    request.session[ORGANIZATION_SESSION_KEY] = row.organization_id
    request.session.pop(SESSION_KEY, None)
    words = {"name": row.organization.name}
    messages.success(request, _("Welcome: you are a member of %(name)s.") % words)
    return redirect("overview")


def waiting_in(request: HttpRequest) -> Invitation | None:
    """The invitation whose link this visitor opened before, if it still works."""
    token = request.session.get(SESSION_KEY, "")
    return invitations.find(token, site=cast(SiteRequest, request).site)


def masked(email: str) -> str:
    """Enough to recognise one's own address: `a…@acme.example`."""
    name, _at, domain = email.partition("@")
    return f"{name[:1]}…@{domain}"
