"""Invitations: sent and withdrawn by an organization, accepted by whoever was invited."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts import invitations
from accounts.api import paging, throttles
from accounts.api.fields import Fields, Text, Time
from accounts.api.me import Reach
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.problems import not_a_person, not_found
from accounts.api.views import ApiView, OrganizationView
from accounts.models import Invitation, Membership, Role
from accounts.permissions import Act
from accounts.scopes import Scope


class Invite(Fields):
    """Whom to invite, as what."""

    email = Text(max_length=254)
    role = serializers.ChoiceField(Role.values)


class InvitationDocument(Fields):
    """An invitation, without its link: that is in the mail and nowhere else."""

    id = Text(source="pk")
    email = Text()
    role = serializers.ChoiceField(Role.values)
    sent_at = Time()
    expires_at = Time()


class Link(Fields):
    """What the link in the mail ends in."""

    token = Text(max_length=invitations.TOKEN_CHARS_MAX)


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
        raises=(
            invitations.BadAddress,
            invitations.AlreadyMember,
            invitations.TooManyPending,
        ),
    )
    def post(self, call: Call) -> Invitation:
        """Send a link to a mail address. One that waits already is sent again; a person sends so
        many an hour as on the page."""
        throttles.act(call.request, "invite")
        return invitations.invite(
            call.organization, call.body["email"], call.body["role"], by=call.by
        )


class InvitationDetail(OrganizationView):
    @operation(
        "invitations.withdraw",
        Scope.MEMBERS_WRITE,
        act=Act.MANAGE_MEMBERS,
        status=204,
        raises=(invitations.NotPending,),
    )
    def delete(self, call: Call, invitation_id: str) -> None:
        """Let an invitation's link stop working."""
        invitations.withdraw(get_object_or_404(rows_of(call), pk=invitation_id), by=call.by)


class InvitationResend(OrganizationView):
    @operation(
        "invitations.resend",
        Scope.MEMBERS_WRITE,
        act=Act.MANAGE_MEMBERS,
        answer=InvitationDocument,
        raises=(invitations.NotPending,),
    )
    def post(self, call: Call, invitation_id: str) -> Invitation:
        """Send an invitation again, with a new link and seven new days. The link sent before stops
        working."""
        row: Invitation = get_object_or_404(rows_of(call), pk=invitation_id)
        throttles.act(call.request, "invite")
        invitations.resend(row, by=call.by)
        row.refresh_from_db()
        return row


class InvitationAccept(ApiView):
    @operation(
        "invitations.accept",
        Scope.MEMBERS_WRITE,
        body=Link,
        answer=Reach,
        raises=(invitations.WrongAddress, invitations.NotPending),
    )
    def post(self, call: Call) -> Membership:
        """Join the organization of an invitation to the caller's own mail address. 404 for a link
        that is over, as for one that never was; a service token joins nothing."""
        if not call.caller.is_person:
            raise not_a_person()
        row = invitations.find(call.body["token"], site=call.site)
        if row is None:
            raise not_found()
        membership = invitations.accept(row, call.caller.user, by=call.by)
        invitations.verify_address(call.caller.user)
        return membership


def rows_of(call: Call) -> QuerySet[Invitation, Any]:
    """The invitations of the call's organization."""
    return Invitation.objects.filter(organization=call.organization)
