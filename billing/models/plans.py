"""Which plan an organization is on, when it is not its site's."""

from django.db import models

from accounts.models import Organization
from billing.models.catalog import Plan


class OrganizationPlan(models.Model):
    """A plan chosen for one organization; without a row the site's plan counts."""

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.CASCADE, related_name="plan_choice"
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
