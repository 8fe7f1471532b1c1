"""Plans: the sets of limits that organizations are on. What they are is the catalog file's."""

from accounts.api import paging
from accounts.api.fields import Fields, Text
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView
from accounts.scopes import Scope
from billing.models import Plan


class PlanDocument(Fields):
    """Limits of an organization as a whole; null is no limit."""

    id = Text(source="pk")
    requests_per_minute = Fields.integer(allow_null=True)
    tokens_per_minute = Fields.integer(allow_null=True, max_value=2**63 - 1)
    concurrency = Fields.integer(allow_null=True)


class PlanList(OperatorView):
    @operation("ops.plans", Scope.OPS_READ, answer=PlanDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List plans by id."""
        return paging.by_id(Plan.objects.all(), call.query, kind=str)
