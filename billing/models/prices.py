"""What a model costs the customer: immutable versions in force from an instant on."""

from django.db import models

from accounts.models import Organization, Site
from billing.models.catalog import Model, Plan
from billing.models.versions import Version


class Price(Version):
    """One version of a model's price, in one scope."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="prices")
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_comment="null: the default of every site, in that site's own currency",
    )
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_comment="its contract price; then `site` is null",
    )
    components = models.JSONField(
        db_comment="integers of nanos, as billing.price_versions tells; empty: from then on there "
        "is no price of its own"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "site", "organization", "effective_from"],
                condition=models.Q(cancelled_at=None),
                nulls_distinct=False,
                name="price_version_once",
            ),
            models.CheckConstraint(
                condition=models.Q(site=None) | models.Q(organization=None),
                name="price_for_one_scope",
            ),
        ]
        indexes = [models.Index(fields=["model", "site", "-effective_from"])]


class PlanAdjustment(Version):
    """How much more or less than its site's customers an organization on a plan pays. Contract
    prices are not adjusted."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="adjustments")
    model = models.ForeignKey(
        Model,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_comment="null: every model without an adjustment of its own",
    )
    adjustment_bp = models.IntegerField(db_comment="basis points: -1000 is a tenth less")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "model", "effective_from"],
                condition=models.Q(cancelled_at=None),
                nulls_distinct=False,
                name="plan_adjustment_once",
            ),
            models.CheckConstraint(
                condition=models.Q(adjustment_bp__gte=-10_000, adjustment_bp__lte=100_000),
                name="plan_adjustment_in_range",
            ),
        ]
