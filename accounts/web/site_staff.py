"""The page of a site's staff, for its owners. Who opens it has just proved who they are."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit, site_staff
from accounts.models import SiteStaff, StaffRole
from accounts.permissions import StaffAct
from accounts.web.access import confirm_identity, site_page
from accounts.web.pages import render_page
from accounts.web.requests import StaffRequest
from accounts.web.staff_forms import ROLE_WORDS, STAFF_MAX, StaffForm, staff_of


@require_http_methods(["GET", "POST"])
@site_page(StaffAct.MANAGE_STAFF)
@confirm_identity
def staff(request: StaffRequest) -> HttpResponse:
    """T10. A POST is the form that adds somebody."""
    form = StaffForm(request.POST or None)
    if form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        try:
            row = site_staff.add(request.site, email, role, by=audit.actor_of(request))
        except site_staff.StaffError as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, _("%(who)s is among the staff.") % {"who": row.user.email})
            return redirect("site_staff")
    context = {
        "form": form,
        "rows": staff_of(request.site.pk)[:STAFF_MAX],
        "roles": [(role.value, role.label, ROLE_WORDS[role]) for role in StaffRole],
    }
    status = 422 if form.is_bound else 200
    return render_page(request, "site/staff.html", context, status=status)


@require_http_methods(["GET", "POST"])
@site_page(StaffAct.MANAGE_STAFF)
@confirm_identity
def change_role(request: StaffRequest, staff_id: int) -> HttpResponse:
    """Give one of the staff another role."""
    row = _find(request, staff_id)
    if request.method == "GET":  # from the page that asked who it is
        return redirect("site_staff")
    try:
        site_staff.change_role(row, request.POST.get("role", ""), by=audit.actor_of(request))
    except site_staff.StaffError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The role of %(who)s is saved.") % {"who": row.user.email})
    return redirect("site_staff")


@require_http_methods(["GET", "POST"])
@site_page(StaffAct.MANAGE_STAFF)
@confirm_identity
def remove(request: StaffRequest, staff_id: int) -> HttpResponse:
    """Ask, then remove one of the staff."""
    row = _find(request, staff_id)
    if request.method == "GET":
        return render_page(request, "site/staff_remove.html", {"row": row})
    try:
        site_staff.remove(row, by=audit.actor_of(request))
    except site_staff.StaffError as error:
        messages.error(request, str(error))
    else:
        words = {"who": row.user.email}
        messages.success(request, _("%(who)s is not among the staff any more.") % words)
    return redirect("site_overview" if row.user_id == request.user.pk else "site_staff")


def _find(request: StaffRequest, staff_id: int) -> SiteStaff:
    """One of this site's staff, else 404."""
    rows = SiteStaff.objects.filter(site=request.site).select_related("user")
    return get_object_or_404(rows, pk=staff_id)
