"""On which plan a site's customers are, and what new ones are given to try."""

from typing import Any

from accounts.api.fields import Fields, Nanos, Text
from accounts.api.operations import Call, operation
from accounts.api.sites import find
from accounts.api.views import OperatorView, SiteView
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing import site_terms
from billing.api.customers import PlanId
from billing.gate.wire import NANOS_MAX
from billing.models import SiteTerms


class Terms(Fields):
    """Null plan: the site sells nothing yet."""

    plan = Text(allow_null=True)
    trial_credit_nanos = Nanos()


class TrialCredit(Fields):
    """What a new customer with a verified address is given; 0 is nothing."""

    trial_credit_nanos = Nanos(minimum=0, maximum=NANOS_MAX)


class SiteTermsDetail(SiteView):
    @operation("site.terms", Scope.SITE_READ, act=StaffAct.SEE_SITE, answer=Terms)
    def get(self, call: Call) -> dict[str, Any]:
        """Read the site's plan and trial credit."""
        return terms_of(call.site)

    @operation(
        "site.terms.change",
        Scope.SITE_WRITE,
        act=StaffAct.CHANGE_SITE,
        body=TrialCredit,
        answer=Terms,
    )
    def put(self, call: Call) -> dict[str, Any]:
        """Set the trial credit. It counts for who comes from now on."""
        site_terms.set_trial_credit(call.site, call.body["trial_credit_nanos"], by=call.by)
        return terms_of(call.site)


class SitePlan(OperatorView):
    @operation("ops.site.plan", Scope.OPS_WRITE, body=PlanId, answer=Terms)
    def put(self, call: Call, site_id: str) -> dict[str, Any]:
        """Set the plan of a site's customers who have none of their own."""
        site = find(site_id)
        site_terms.set_plan(site, call.body["plan"], by=call.by)
        return terms_of(site)


def terms_of(site: Site) -> dict[str, Any]:
    row = SiteTerms.objects.filter(site=site).first()
    return {
        "plan": row.plan_id if row else None,
        "trial_credit_nanos": row.trial_credit_nanos if row else 0,
    }
