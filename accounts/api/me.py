"""Who the caller is, and which organizations it acts for."""

from typing import Any

from rest_framework import serializers

from accounts import api_tokens, organizations
from accounts.api.fields import Fields, Flag, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.problems import Problem, not_a_person
from accounts.api.views import ApiView, OrganizationView
from accounts.models import Organization, Role
from accounts.permissions import Act
from accounts.scopes import Scope


class OrganizationDocument(Fields):
    """A customer of the site."""

    id = Text(source="pk")
    name = Text()
    time_zone = Text()
    is_active = Flag(help_text="false: suspended, calls get 403")
    created_at = Time()


class OrganizationChange(Fields):
    """What is left out stays as it is."""

    name = Text(max_length=100, required=False)
    time_zone = Text(max_length=64, required=False, help_text="IANA name")


class NewOrganization(Fields):
    """What it is called."""

    name = Text(max_length=100)


class Reach(Fields):
    """An organization that the caller acts for, and as what."""

    organization = OrganizationDocument()
    role = serializers.ChoiceField(Role.values)


class Me(Fields):
    """The caller. `scopes` is null for a session, which is bound by roles alone."""

    user = Text(help_text="whoever answers for the calls")
    token = Text(allow_null=True)
    scopes = serializers.ListField(child=Text(), allow_null=True)
    site = Text()
    staff_role = Text(allow_null=True)
    is_operator = Flag()
    organizations = Reach(many=True)


class MeDetail(ApiView):
    @operation("me.read", Scope.NOTHING, answer=Me)
    def get(self, call: Call) -> dict[str, Any]:
        """Read who the caller is and how far it reaches."""
        caller, token = call.caller, call.caller.token
        return {
            "user": caller.user.email,
            "token": token.pk if token else None,
            "scopes": token.scopes if token else None,
            "site": call.site.pk,
            "staff_role": caller.staff_role_on(call.site.pk),
            "is_operator": caller.is_operator,
            "organizations": caller.memberships_on(call.site.pk),
        }


class OrganizationList(ApiView):
    @operation(
        "organization.create",
        Scope.ORGANIZATION_WRITE,
        body=NewOrganization,
        answer=OrganizationDocument,
        status=201,
        raises=(organizations.SignUpClosed, organizations.AlreadyCustomer),
    )
    def post(self, call: Call) -> Organization:
        """Make the caller's first organization on this site. They own it."""
        if not call.caller.is_person:
            raise not_a_person()
        owner = call.caller.user
        return organizations.found(call.site, name=call.body["name"], owner=owner, by=call.by)


class OwnToken(ApiView):
    @operation("me.token.end", Scope.NOTHING, status=204)
    def delete(self, call: Call) -> None:
        """End the token that calls, for good. Whoever finds one that leaked can do no better; a
        session has none (`no_token`)."""
        if call.caller.token is None:
            raise Problem(409, "no_token", "A session calls, and no token.")
        api_tokens.revoke(call.caller.token, by=call.by)


class OrganizationDetail(OrganizationView):
    @operation(
        "organization.read",
        Scope.ORGANIZATION_READ,
        act=Act.SEE_USAGE,
        answer=OrganizationDocument,
    )
    def get(self, call: Call) -> Organization:
        """Read the organization."""
        return call.organization

    @operation(
        "organization.change",
        Scope.ORGANIZATION_WRITE,
        act=Act.CHANGE_SETTINGS,
        body=OrganizationChange,
        answer=OrganizationDocument,
    )
    def patch(self, call: Call) -> Organization:
        """Rename the organization, or change the time zone that its budgets follow."""
        organization = call.organization
        given = {"name": organization.name, "time_zone": organization.time_zone} | call.body
        return organizations.change(organization, **given, by=call.by)
