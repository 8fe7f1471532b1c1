"""On which plan a site's new customers are, and what they are given to try. Each change leaves one
audit record; what is sold there the catalog says."""

from django.db import transaction

from accounts import audit
from accounts.models import Site
from accounts.site_values import SiteRefused
from billing.gate.wire import NANOS_MAX
from billing.models import Plan, SiteTerms


@transaction.atomic
def set_plan(site: Site, plan_id: str, *, by: audit.Actor) -> None:
    """The plan of customers who have none of their own; relays hear of it. Raises SiteRefused."""
    if not Plan.objects.filter(pk=plan_id).exists():
        raise SiteRefused("plan", "no_such_plan")
    row = SiteTerms.objects.select_for_update().filter(site=site).first()
    before = row.plan_id if row else ""
    if before == plan_id:
        return
    SiteTerms.objects.update_or_create(site=site, defaults={"plan_id": plan_id})
    audit.record(by, "site.plan", site, site=site, before={"plan": before}, after={"plan": plan_id})


@transaction.atomic
def set_trial_credit(site: Site, amount_nanos: int, *, by: audit.Actor) -> None:
    """What a new customer with a verified address is given, from now on; 0 is nothing. Raises
    SiteRefused, also for a site without terms, which sells nothing."""
    if not 0 <= amount_nanos <= NANOS_MAX:
        raise SiteRefused("trial_credit", "bad_amount")
    row = SiteTerms.objects.select_for_update().filter(site=site).first()
    if row is None:
        raise SiteRefused("trial_credit", "no_terms")
    before = row.trial_credit_nanos
    if before == amount_nanos:
        return
    row.trial_credit_nanos = amount_nanos
    row.save(update_fields=["trial_credit_nanos"])
    name = "trial_credit_nanos"
    audit.record(
        by, "site.trial_credit", site, site=site, before={name: before}, after={name: amount_nanos}
    )
