"""What an organization allows itself to spend."""

from django.db import models

from accounts.models import BudgetPeriod, Organization


class OrganizationBudget(models.Model):
    """A bound on the charges of all keys of an organization together; one for each kind of period,
    all of which count."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="budgets", db_index=False
    )
    period = models.CharField(max_length=5, choices=BudgetPeriod.choices)
    limit_nanos = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "period"], name="organization_budget_once"
            ),
            models.CheckConstraint(
                condition=models.Q(limit_nanos__gt=0), name="organization_budget_above_zero"
            ),
        ]
