"""Settings of the organization, and switching between organizations."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit, organizations
from accounts.models import Membership, Site, User
from accounts.permissions import Act, may
from accounts.site_values import SiteRefused
from accounts.web.access import member_page
from accounts.web.forms import NewOrganizationForm, OrganizationForm
from accounts.web.middleware import ORGANIZATION_SESSION_KEY
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest, SiteRequest


@member_page(Act.SEE_USAGE)
def settings(request: MemberRequest) -> HttpResponse:
    """The organization's name and time zone, for those who may change them."""
    may_change = may(request.membership.role, Act.CHANGE_SETTINGS)
    is_sent = request.method == "POST" and may_change
    organization = request.organization
    initial = {"name": organization.name, "time_zone": organization.time_zone}
    form = OrganizationForm(request.POST if is_sent else None, initial=initial)
    if is_sent and form.is_valid():
        organizations.change(organization, **form.cleaned_data, by=audit.actor_of(request))
        messages.success(request, _("Saved."))
        return redirect("settings")
    context = {"form": form, "may_change": may_change}
    return render_page(request, "app/settings.html", context, status=422 if is_sent else 200)


@login_required
def new_organization(request: HttpRequest) -> HttpResponse:
    """A login that has no organization on this site makes its first; others are sent on."""
    ours = cast(SiteRequest, request)
    if ours.memberships:
        return redirect("overview")
    if ours.site.sign_up != Site.SignUp.OPEN:
        return render_page(request, "account/signup_closed.html", {}, status=403)
    form = NewOrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        owner, by = cast(User, request.user), audit.actor_of(request)
        try:
            organizations.found(ours.site, name=form.cleaned_data["name"], owner=owner, by=by)
        except SiteRefused:
            form.add_error("name", _("This cannot be saved."))
        except organizations.AlreadyCustomer:
            # The form was sent twice.
            return redirect("overview")
        else:
            return redirect("overview")
    status = 422 if request.method == "POST" else 200
    return render_page(request, "app/new_organization.html", {"form": form}, status=status)


@require_POST
@login_required
def switch_organization(request: HttpRequest) -> HttpResponse:
    """Act for another of one's organizations on this site; 404 for anyone else's."""
    ours = cast(SiteRequest, request)
    membership = get_object_or_404(
        Membership,
        user=cast(User, request.user),
        organization__site=ours.site,
        organization_id=request.POST.get("organization", ""),
    )
    request.session[ORGANIZATION_SESSION_KEY] = membership.organization_id
    return redirect("overview")
