"""The people of an organization: who they are, as what, and how they go."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts import members
from accounts.api import paging
from accounts.api.fields import Fields, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.problems import confirm_identity, not_a_person
from accounts.api.views import OrganizationView
from accounts.models import Membership, Role
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


class Heir(Fields):
    """Who owns the organization from now on: a member's id."""

    member = Fields.integer()


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
        raises=(members.LastOwner, members.NotAMember),
    )
    def put(self, call: Call, member_id: int) -> Membership:
        """Give a member another role. The last owner stays one; a session that changes an owner
        has shown lately who it is."""
        row = _changeable(call, member_id)
        members.change_role(row, call.body["role"], by=call.by)
        row.refresh_from_db()
        return row

    @operation(
        "members.remove",
        Scope.MEMBERS_WRITE,
        act=Act.MANAGE_MEMBERS,
        status=204,
        raises=(members.LastOwner, members.NotAMember),
    )
    def delete(self, call: Call, member_id: int) -> None:
        """End a membership. The last owner stays; a session that removes an owner has shown lately
        who it is."""
        members.remove(_changeable(call, member_id), by=call.by)


class MembershipEnd(OrganizationView):
    @operation(
        "members.leave",
        Scope.MEMBERS_WRITE,
        act=Act.SEE_USAGE,
        status=204,
        raises=(members.LastOwner,),
    )
    def post(self, call: Call) -> None:
        """End the caller's own membership. The last owner stays; a service token has none."""
        if not call.caller.is_person:
            raise not_a_person()
        members.leave(call.member, by=call.by)


class Ownership(OrganizationView):
    @operation(
        "organization.transfer",
        Scope.MEMBERS_WRITE,
        act=Act.MANAGE_MEMBERS,
        body=Heir,
        answer=Member,
        asks_again=True,
        raises=(members.NotAMember,),
    )
    def post(self, call: Call) -> Membership:
        """Hand the organization to another member. The caller, an owner, becomes a developer."""
        if not call.caller.is_person:
            raise not_a_person()
        heir: Membership = get_object_or_404(rows_of(call), pk=call.body["member"])
        members.transfer(call.member, to=heir, by=call.by)
        heir.refresh_from_db()
        return heir


def rows_of(call: Call) -> QuerySet[Membership, Any]:
    """The members of the call's organization."""
    return Membership.objects.filter(organization=call.organization).select_related("user")


def _changeable(call: Call, member_id: int) -> Membership:
    """A member of the call's organization, an owner only to who has shown lately who they are."""
    row: Membership = get_object_or_404(rows_of(call), pk=member_id)
    if row.role == Role.OWNER and not call.caller.is_fresh:
        raise confirm_identity()
    return row
