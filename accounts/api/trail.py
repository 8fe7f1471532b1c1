"""The audit log as its readers may see it: an organization's own, a site's, the deployment's."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Fields, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page, PageQuery
from accounts.api.views import OperatorView, OrganizationView, SiteView
from accounts.models import AuditRecord, Via
from accounts.permissions import Act, StaffAct
from accounts.reports import audit_log
from accounts.scopes import Scope

STAFF = "staff"  # what customers read instead of a name


class AuditLine(Fields):
    """One change; `before` and `after` hold the fields that differ."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    at = Time()
    actor = Text(source="actor_name")
    via = serializers.ChoiceField(Via.values)
    action = Text()
    target_id = Text(allow_blank=True)
    target_name = Text(allow_blank=True)
    reason = Text(allow_blank=True)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    ip = Text(allow_null=True)
    request_id = Text(allow_blank=True)


class StaffAuditLine(AuditLine):
    """The same with the place that it happened in."""

    site = Text(source="site_id", allow_null=True)
    organization = Text(source="organization_id", allow_null=True)


class TrailQuery(PageQuery):
    """Narrows the log."""

    action = Text(required=False, max_length=60, help_text="e.g. `key.create`")
    target_id = Text(required=False, max_length=254)


class OrganizationTrail(OrganizationView):
    @operation(
        "audit.list", Scope.AUDIT_READ, act=Act.MANAGE_MEMBERS, answer=AuditLine, is_page=True
    )
    def get(self, call: Call) -> Page:
        """List what was changed in the organization, the newest first."""
        after = paging.unpack(call.query.get("cursor"), int)
        found = audit_log.of_organization(
            call.organization, before=after[0] if after else None, rows_max=call.query["limit"]
        )
        rows = []
        for line in found.lines:
            if line.is_staffs:
                line.record.actor_name, line.record.ip = STAFF, None
            rows.append(line.record)
        return Page(rows, paging.pack(found.older) if found.older else None)


class SiteTrail(SiteView):
    @operation(
        "site.audit",
        Scope.AUDIT_READ,
        act=StaffAct.MANAGE_STAFF,
        query=TrailQuery,
        answer=StaffAuditLine,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List what was changed on the site, its customers' changes included."""
        return shown(AuditRecord.objects.filter(site=call.site), call)


class DeploymentTrail(OperatorView):
    @operation("ops.audit", Scope.OPS_READ, query=TrailQuery, answer=StaffAuditLine, is_page=True)
    def get(self, call: Call) -> Page:
        """List what was changed in the deployment."""
        return shown(AuditRecord.objects.all(), call)


def shown(rows: QuerySet[AuditRecord, Any], call: Call) -> Page:
    """A page of the part that the query asks for."""
    wanted = {name: call.query[name] for name in ("action", "target_id") if name in call.query}
    return paging.by_id(rows.filter(**wanted), call.query)
