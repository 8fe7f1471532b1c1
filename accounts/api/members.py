"""The people of an organization, and invitations that nobody accepted yet."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts import invitations, members
from accounts.api import paging
from accounts.api.fields import Fields, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OrganizationView
from accounts.models import Invitation, Membership, Role
from accounts.permissions import Act
from accounts.scopes import Scope


class Member(Fields):
    """Somebody who acts for the organization."""

    id = Fields.integer(source="pk")
    email = Text(source="user.email")
    name = Text(source="user.name", allow_blank=True)
    role = serializers.ChoiceField(Role.values)
    joined_at = Time(source="created_at")
    last_active_at = Time(allow_null=True)


class RoleChange(Fields):
    """Another role."""

    role = serializers.ChoiceField(Role.values)


class Invite(RoleChange):
    """Whom to invite, as what."""

    email = Text(max_length=254)


class InvitationDocument(Fields):
    """An invitation, without its link: that is in the mail and nowhere else."""

    id = Text(source="pk")
    email = Text()
    role = serializers.ChoiceField(Role.values)
    sent_at = Time()
    expires_at = Time()


class MemberList(OrganizationView):
    @operation("members.list", Scope.MEMBERS_READ, act=Act.SEE_USAGE, answer=Member, is_page=True)
    def get(self, call: Call) -> Page:
        """List members, the newest first."""
        return paging.by_id(rows_of(call), call.query)


class MemberDetail(OrganizationView):
    @operation(
        "members.change",
        Scope.MEMBERS_WRITE,
        act=Act.MANAGE_MEMBERS,
        body=RoleChange,
        answer=Member,
    )
    def put(self, call: Call, member_id: int) -> Membership:
        """Give a member another role. The last owner stays one."""
        row: Membership = get_object_or_404(rows_of(call), pk=member_id)
        members.change_role(row, call.body["role"], by=call.by)
        row.refresh_from_db()
        return row

    @operation("members.remove", Scope.MEMBERS_WRITE, act=Act.MANAGE_MEMBERS, status=204)
    def delete(self, call: Call, member_id: int) -> None:
        """End a membership. The last owner stays."""
        members.remove(get_object_or_404(rows_of(call), pk=member_id), by=call.by)


class InvitationList(OrganizationView):
    @operation(
        "invitations.list",
        Scope.MEMBERS_READ,
        act=Act.MANAGE_MEMBERS,
        answer=InvitationDocument,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List invitations that nobody accepted yet, the newest first."""
        return paging.by_time(invitations.pending(call.organization), call.query, at="sent_at")

    @operation(
        "invitations.create",
        Scope.MEMBERS_WRITE,
        act=Act.MANAGE_MEMBERS,
        body=Invite,
        answer=InvitationDocument,
        status=201,
    )
    def post(self, call: Call) -> Invitation:
        """Send a link to a mail address; one that waits already is sent again."""
        return invitations.invite(
            call.organization, call.body["email"], call.body["role"], by=call.by
        )


class InvitationDetail(OrganizationView):
    @operation("invitations.withdraw", Scope.MEMBERS_WRITE, act=Act.MANAGE_MEMBERS, status=204)
    def delete(self, call: Call, invitation_id: str) -> None:
        """Let an invitation's link stop working."""
        rows = Invitation.objects.filter(organization=call.organization)
        invitations.withdraw(get_object_or_404(rows, pk=invitation_id), by=call.by)


def rows_of(call: Call) -> QuerySet[Membership, Any]:
    """The members of the call's organization."""
    return Membership.objects.filter(organization=call.organization).select_related("user")
