"""Sums of UsageRecords for charts and reports: small enough to read a year of, never the truth."""

from django.db import models

from accounts.models import Organization, Site


class UsageRollup(models.Model):
    """Calls admitted within one quarter of an hour that have everything here in common.

    Written in the transaction that writes the records, so that both always agree.
    """

    start = models.DateTimeField(db_comment="of the 15 minutes; every time zone's days fit them")
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Not a foreign key: a key that is deleted must not merge two rows.
    api_key = models.CharField(max_length=40, blank=True, db_comment="id; empty: none any more")
    model = models.CharField(max_length=200)
    upstream = models.CharField(max_length=40, blank=True)
    status = models.PositiveSmallIntegerField()
    calls = models.BigIntegerField()
    errors = models.BigIntegerField(db_comment="calls whose status is not 2xx or 3xx")
    input_tokens = models.BigIntegerField()
    cached_input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()
    charge_nanos = models.BigIntegerField()
    written_off_nanos = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "start", "api_key", "model", "upstream", "status"],
                name="usage_rollup_once",
            ),
        ]
        indexes = [models.Index(fields=["start"], name="usage_rollup_start")]


class Day(models.Model):
    """What somebody's Calls of a day came to.

    Folded from UsageRollups some hours after the fact (`billing.usage_days`), so that a report of
    months reads days; what is younger is still in the rollups alone. Those have the foreign keys:
    to ask again for each row was two thirds of what it costs to fold.
    """

    day = models.DateField()
    calls = models.BigIntegerField()
    charge_nanos = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()

    class Meta:
        abstract = True


class UsageDay(Day):
    """What a customer's key used of a model; the customer's own time zone counts."""

    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    api_key = models.CharField(max_length=40, blank=True, db_comment="as of the rollup")
    model = models.CharField(max_length=200)
    errors = models.BigIntegerField()
    input_tokens = models.BigIntegerField()
    cached_input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "day", "api_key", "model"], name="usage_day_once"
            ),
        ]


class SiteDay(Day):
    """What a site's customers used of a model; the site's time zone counts."""

    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    model = models.CharField(max_length=200)
    errors = models.BigIntegerField()
    faults = models.BigIntegerField(db_comment="of the errors, those that were not the caller's")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "day", "model"], name="site_day_once"),
        ]


class CustomerDay(Day):
    """What a customer brought its site; the site's time zone counts."""

    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "day", "organization"], name="customer_day_once"
            ),
        ]


class UsageFold(models.Model):
    """Up to when rollups are folded into days: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    folded_to = models.DateTimeField(db_comment="rollups that start before it are in the days")
