"""The people of an organization: members, invitations, what was changed; and leaving it."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit, invitations, members
from accounts.models import Invitation, Membership, Role
from accounts.permissions import Act, may
from accounts.reports import audit_log
from accounts.web.access import confirm_identity, member_page
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from accounts.web.throttles import throttled

# A list, not an archive. An organization with more people needs a search first.
MEMBERS_MAX = 500
# A glance; the rest is on its own page.
CHANGES_SHOWN = 8
# Ids are 64-bit; a longer number can only be nonsense.
ID_DIGITS_MAX = 18

ROLE_WORDS = {
    Role.OWNER: gettext_lazy("everything, members and settings too"),
    Role.BILLING: gettext_lazy("sees usage, tops up"),
    Role.DEVELOPER: gettext_lazy("sees usage, makes and ends their own keys"),
    Role.VIEWER: gettext_lazy("sees usage and balance"),
}


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.CharField(
        label=gettext_lazy("Mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=Role.choices, initial=Role.DEVELOPER
    )


class TransferForm(forms.Form):
    """Who owns the organization from now on."""

    member = forms.ModelChoiceField(
        Membership.objects.none(),
        label=gettext_lazy("New owner"),
        empty_label=gettext_lazy("Choose a member"),
    )

    def __init__(self, *args: object, membership: Membership) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        others = Membership.objects.filter(organization=membership.organization_id)
        field = self.fields["member"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = others.exclude(pk=membership.pk).select_related("user")
        field.label_from_instance = lambda row: row.user.email  # type: ignore[method-assign,assignment]


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation that nobody accepted yet."""

    invitation: Invitation
    is_over: bool


@require_http_methods(["GET", "POST"])
@member_page(Act.SEE_USAGE)
def team(request: MemberRequest) -> HttpResponseBase:
    """C12. A POST is the form that invites."""
    if request.method == "POST":
        return invite(request)
    return shown(request, InviteForm())


@member_page(Act.MANAGE_MEMBERS)
@throttled("invite")
def invite(request: MemberRequest) -> HttpResponse:
    """Send a link to a mail address."""
    form = InviteForm(request.POST)
    if form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        try:
            row = invitations.invite(request.organization, email, role, by=audit.actor_of(request))
        except invitations.InvitationError as error:
            form.add_error("email", str(error))
        else:
            messages.success(
                request, _("The invitation is on its way to %(email)s.") % {"email": row}
            )
            return redirect("team")
    return shown(request, form, status=422)


def shown(request: MemberRequest, form: InviteForm, status: int = 200) -> HttpResponse:
    """The page, with a form that may have errors."""
    organization = request.organization
    may_manage = may(request.membership.role, Act.MANAGE_MEMBERS)
    rows = Membership.objects.filter(organization=organization).select_related("user")
    context = {
        "form": form,
        "may_manage": may_manage,
        "is_owner": request.membership.role == Role.OWNER,
        "is_last_owner": members.is_last_owner(request.membership),
        "members": rows.order_by("created_at", "id")[:MEMBERS_MAX],
        "roles": [(role.value, role.label, ROLE_WORDS[role]) for role in Role],
        "invitations": waiting(request) if may_manage else [],
        "changes": audit_log.of_organization(organization, rows_max=CHANGES_SHOWN)
        if may_manage
        else None,
    }
    return render_page(request, "app/team.html", context, status=status)


def waiting(request: MemberRequest) -> list[InvitationRow]:
    now = timezone.now()
    return [
        InvitationRow(row, is_over=row.expires_at <= now)
        for row in invitations.pending(request.organization)
    ]


@require_POST
@member_page(Act.MANAGE_MEMBERS)
@throttled("invite")
def resend(request: MemberRequest, invitation_id: str) -> HttpResponse:
    """Send an invitation again, with a new link."""
    row = get_object_or_404(Invitation, organization=request.organization, pk=invitation_id)
    try:
        invitations.resend(row, by=audit.actor_of(request))
    except invitations.InvitationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": row})
    return redirect("team")


@require_POST
@member_page(Act.MANAGE_MEMBERS)
def withdraw(request: MemberRequest, invitation_id: str) -> HttpResponse:
    """Make an invitation's link useless."""
    row = get_object_or_404(Invitation, organization=request.organization, pk=invitation_id)
    try:
        invitations.withdraw(row, by=audit.actor_of(request))
    except invitations.InvitationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The invitation to %(email)s is withdrawn.") % {"email": row})
    return redirect("team")


@require_POST
@member_page(Act.MANAGE_MEMBERS)
def change_role(request: MemberRequest, member_id: int) -> HttpResponseBase:
    """Give a member another role; take an owner's only for someone who just proved who they are."""
    member = find(request, member_id)
    return set_owner(request, member) if member.role == Role.OWNER else set_role(request, member)


def set_role(request: MemberRequest, member: Membership) -> HttpResponse:
    try:
        members.change_role(member, request.POST.get("role", ""), by=audit.actor_of(request))
    except members.MemberError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The role of %(who)s is saved.") % {"who": member.user.email})
    return redirect("team")


set_owner = confirm_identity(set_role)


@require_http_methods(["GET", "POST"])
@member_page(Act.MANAGE_MEMBERS)
def remove(request: MemberRequest, member_id: int) -> HttpResponseBase:
    """Ask, then end somebody's membership; of an owner only by someone who just proved who they
    are."""
    member = find(request, member_id)
    return (
        remove_owner(request, member)
        if member.role == Role.OWNER
        else remove_member(request, member)
    )


def remove_member(request: MemberRequest, member: Membership) -> HttpResponse:
    if request.method == "GET":
        return render_page(request, "app/member_remove.html", {"member": member})
    try:
        members.remove(member, by=audit.actor_of(request))
    except members.MemberError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(who)s is no member any more.") % {"who": member.user.email})
    return redirect("team")


remove_owner = confirm_identity(remove_member)


@require_http_methods(["GET", "POST"])
@member_page(Act.SEE_USAGE)
def leave(request: MemberRequest) -> HttpResponse:
    """Ask, then end one's own membership."""
    if request.method == "GET":
        is_last = members.is_last_owner(request.membership)
        return render_page(request, "app/member_leave.html", {"is_last_owner": is_last})
    try:
        members.leave(request.membership, by=audit.actor_of(request))
    except members.MemberError as error:
        messages.error(request, str(error))
        return redirect("team")
    messages.success(request, _("You have left %(name)s.") % {"name": request.organization.name})
    return redirect("overview")


@require_http_methods(["GET", "POST"])
@member_page(Act.MANAGE_MEMBERS)
@confirm_identity
def transfer(request: MemberRequest) -> HttpResponse:
    """Hand the organization to another member."""
    data = [request.POST] if request.method == "POST" else []
    form = TransferForm(*data, membership=request.membership)
    if form.is_valid():
        heir = form.cleaned_data["member"]
        try:
            members.transfer(request.membership, to=heir, by=audit.actor_of(request))
        except members.MemberError as error:
            form.add_error("member", str(error))
        else:
            messages.success(request, _("%(who)s is the owner now.") % {"who": heir.user.email})
            return redirect("team")
    status = 422 if form.is_bound else 200
    return render_page(request, "app/transfer.html", {"form": form}, status=status)


@require_safe
@member_page(Act.MANAGE_MEMBERS)
def audit_page(request: MemberRequest) -> HttpResponse:
    """Every change in the organization, newest first."""
    text = request.GET.get("before", "")
    is_id = text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX
    page = audit_log.of_organization(request.organization, before=int(text) if is_id else None)
    here = reverse("audit_log")
    context = {
        "page": page,
        "older_url": f"{here}?before={page.older}" if page.older else "",
        "newest_url": here if is_id else "",
    }
    return render_page(request, "app/audit_log.html", context)


def find(request: MemberRequest, member_id: int) -> Membership:
    """A member of the reader's organization, else 404."""
    rows = Membership.objects.filter(organization=request.organization).select_related("user")
    return get_object_or_404(rows, pk=member_id)
