"""The log of calls for staff: of a site's customers, or of the whole deployment. Which upstreams a
call went to only operators are told."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Fields, Nanos, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page, PageQuery
from accounts.api.problems import not_found
from accounts.api.views import OperatorView, SiteView
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing import explain
from billing.api.usage import (
    OUTCOMES,
    CallDetailDocument,
    CallLine,
    line_of,
    refusal_of,
    told_of,
)
from billing.models import Refusal, UsageRecord
from billing.reports import calls, staff_calls
from billing.reports.staff_calls import Filters, StaffRow

# What the query calls differently.
OWN_NAMES = {"organization_id": "organization", "key_id": "key", "site_id": "site"}


class StaffCallLine(CallLine):
    """One call, whose it was, and what it cost the house."""

    site_id = Text()
    organization_id = Text()
    cost_nanos = Nanos(allow_null=True)
    margin_nanos = Nanos(allow_null=True)


class OperatorCallLine(StaffCallLine):
    """The same with the upstream that answered."""

    upstream = Text(allow_blank=True)
    attempts = Fields.integer()


class StaffAttempt(Fields):
    """One try of a call."""

    status = Fields.integer()
    code = Text(allow_blank=True)
    latency_ms = Fields.integer()
    cost_nanos = Nanos()


class OperatorAttempt(StaffAttempt):
    """The same with where it went."""

    upstream = Text(allow_blank=True)


class StaffPassedOver(Fields):
    """A route that came before and was not asked."""

    reason = Text(help_text="a code, such as upstream_rests")
    words = Text()


class OperatorPassedOver(StaffPassedOver):
    """The same with whose it is."""

    upstream = Text()


class StaffCallDetail(CallDetailDocument):
    """The call with its tries."""

    site_id = Text()
    organization_id = Text()
    cost_nanos = Nanos()
    margin_nanos = Nanos()
    attempts = StaffAttempt(many=True)
    passed_over = StaffPassedOver(many=True)


class OperatorCallDetail(StaffCallDetail):
    """The call with its tries, and where each went."""

    upstream = Text(allow_blank=True)
    attempts = OperatorAttempt(many=True)
    passed_over = OperatorPassedOver(many=True)


class StaffCallQuery(PageQuery):
    """Narrows the log. `status` is one, or a class such as `5xx`."""

    outcome = serializers.ChoiceField(OUTCOMES, required=False)
    organization_id = Text(required=False, max_length=40)
    key_id = Text(required=False, max_length=40)
    model = Text(required=False, max_length=200)
    status = serializers.RegexField(r"^[1-5]([0-9]{2}|xx)$", required=False)
    since = Time(required=False)
    until = Time(required=False, help_text="calls before it")


class OperatorCallQuery(StaffCallQuery):
    """The same over sites and upstreams."""

    site_id = Text(required=False, max_length=40)
    upstream = Text(required=False, max_length=40)


class SiteCallList(SiteView):
    @operation(
        "site.requests",
        Scope.CUSTOMERS_READ,
        act=StaffAct.SEE_SITE,
        query=StaffCallQuery,
        answer=StaffCallLine,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List calls of the site's customers, answered and refused ones, the newest first."""
        return page_of(call, call.site)


class SiteCallDetail(SiteView):
    @operation("site.request", Scope.CUSTOMERS_READ, act=StaffAct.SEE_SITE, answer=StaffCallDetail)
    def get(self, call: Call, request_id: str) -> dict[str, Any]:
        """Read one call of a customer, its charge, cost and tries."""
        return detail_of(request_id, call.site)


class CallListOfAll(OperatorView):
    @operation(
        "ops.requests",
        Scope.OPS_READ,
        query=OperatorCallQuery,
        answer=OperatorCallLine,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List calls of the deployment, answered and refused ones, the newest first."""
        return page_of(call, None)


class CallDetailOfAll(OperatorView):
    @operation("ops.request", Scope.OPS_READ, answer=OperatorCallDetail)
    def get(self, call: Call, request_id: str) -> dict[str, Any]:
        """Read one call, its charge, cost and tries, and where each went."""
        return detail_of(request_id, None)


def page_of(call: Call, site: Site | None) -> Page:
    """A page of the log. Raises SearchTooLong."""
    query: dict[str, Any] = dict(call.query)
    after = paging.unpack(query.pop("cursor", None), datetime, str)
    rows_max = query.pop("limit")
    filters = Filters(**{OWN_NAMES.get(name, name): value for name, value in query.items()})
    found = staff_calls.page(
        filters, site, after=calls.Cursor(*after) if after else None, rows_max=rows_max
    )
    older = found.older
    return Page(
        [_line_of(row) for row in found.rows], paging.pack(older.at, older.id) if older else None
    )


def detail_of(request_id: str, site: Site | None) -> dict[str, Any]:
    found = staff_calls.find(request_id, site)
    if found is None:
        raise not_found()
    whose = {"site_id": found.organization.site_id, "organization_id": found.organization_id}
    if isinstance(found, Refusal):
        nothing = {"cost_nanos": 0, "margin_nanos": 0, "upstream": ""}
        return refusal_of(found) | whose | nothing | {"attempts": [], "passed_over": []}
    return told_of(found) | whose | _of_house(found)


def _line_of(row: StaffRow) -> dict[str, Any]:
    return line_of(row.call) | {
        "site_id": row.customer.site_id,
        "organization_id": row.customer.pk,
        "cost_nanos": row.cost_nanos,
        "margin_nanos": row.margin_nanos,
        "upstream": row.upstream,
        "attempts": row.attempts,
    }


def _of_house(record: UsageRecord) -> dict[str, Any]:
    told = explain.explain(record)
    return {
        "cost_nanos": record.cost_nanos,
        "margin_nanos": told.margin_nanos,
        "upstream": record.upstream,
        "attempts": told.attempts,
        "passed_over": told.passed_over,
    }
