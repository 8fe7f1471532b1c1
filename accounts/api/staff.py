"""Who runs a site, and who runs the deployment."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts import operators, site_staff
from accounts.api import paging
from accounts.api.fields import Fields, Flag, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView, SiteView
from accounts.models import SiteStaff, StaffRole, User
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from accounts.web import staff_forms


class StaffRoleChange(Fields):
    """Another role."""

    role = serializers.ChoiceField(StaffRole.values)


class StaffAddress(Fields):
    """Who."""

    email = Text(max_length=254)


class NewStaff(StaffRoleChange):
    """Who, and as what."""

    email = Text(max_length=254)


class StaffMember(Fields):
    """Somebody who runs the site."""

    id = Fields.integer(source="pk")
    email = Text(source="user.email")
    name = Text(source="user.name", allow_blank=True)
    role = serializers.ChoiceField(StaffRole.values)
    has_second_factor = Flag(source="has_factor", help_text="without one they open no staff page")
    created_at = Time()


class OperatorDocument(Fields):
    """Somebody who runs the deployment."""

    id = Fields.integer(source="pk")
    email = Text()
    name = Text(allow_blank=True)
    has_second_factor = Flag(source="has_factor", help_text="without one they open no staff page")


class StaffList(SiteView):
    @operation(
        "site.staff",
        Scope.STAFF_READ,
        act=StaffAct.MANAGE_STAFF,
        answer=StaffMember,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List who runs the site, the newest first."""
        return paging.by_id(staff_forms.staff_of(call.site.pk), call.query)

    @operation(
        "site.staff.add",
        Scope.STAFF_WRITE,
        act=StaffAct.MANAGE_STAFF,
        body=NewStaff,
        answer=StaffMember,
        status=201,
        raises=(site_staff.BadAddress, site_staff.AlreadyStaff),
    )
    def post(self, call: Call) -> SiteStaff:
        """Make somebody staff. They are told by mail; an address without a login gets one."""
        row = site_staff.add(call.site, call.body["email"], call.body["role"], by=call.by)
        return found(call, row.pk)


class StaffDetail(SiteView):
    @operation(
        "site.staff.change",
        Scope.STAFF_WRITE,
        act=StaffAct.MANAGE_STAFF,
        body=StaffRoleChange,
        answer=StaffMember,
        raises=(site_staff.NotStaff, site_staff.LastOwner),
    )
    def put(self, call: Call, staff_id: int) -> SiteStaff:
        """Give somebody another role. The last owner stays one."""
        site_staff.change_role(found(call, staff_id), call.body["role"], by=call.by)
        return found(call, staff_id)

    @operation(
        "site.staff.remove",
        Scope.STAFF_WRITE,
        act=StaffAct.MANAGE_STAFF,
        status=204,
        raises=(site_staff.NotStaff, site_staff.LastOwner),
    )
    def delete(self, call: Call, staff_id: int) -> None:
        """Let somebody run the site no more. Their tokens for it open nothing from then on."""
        site_staff.remove(found(call, staff_id), by=call.by)


class OperatorList(OperatorView):
    @operation("ops.operators", Scope.STAFF_READ, answer=OperatorDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List who runs the deployment, the newest first."""
        return paging.by_id(staff_forms.operators(), call.query)

    @operation(
        "ops.operators.make",
        Scope.STAFF_WRITE,
        body=StaffAddress,
        answer=OperatorDocument,
        status=201,
        raises=(operators.UnknownPerson, operators.AlreadyOperator),
    )
    def post(self, call: Call) -> User:
        """Make an operator of somebody who has a login."""
        user = operators.make(call.body["email"], by=call.by)
        return staff_forms.operators().get(pk=user.pk)


class OperatorDetail(OperatorView):
    @operation(
        "ops.operators.unmake",
        Scope.STAFF_WRITE,
        status=204,
        raises=(operators.NotOperator, operators.LastOperator),
    )
    def delete(self, call: Call, user_id: int) -> None:
        """End somebody's being an operator. The last one stays."""
        operators.unmake(get_object_or_404(User, pk=user_id, is_operator=True), by=call.by)


def found(call: Call, staff_id: int) -> SiteStaff:
    """One of the site's staff; else 404."""
    rows: QuerySet[SiteStaff, Any] = staff_forms.staff_of(call.site.pk)
    row: SiteStaff = get_object_or_404(rows, pk=staff_id)
    return row
