"""The priced fact, one per Call, whatever its end; and how many months of them are gone."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Organization, Site
from billing.models.ledger import LedgerTransaction
from billing.models.prices import Price


class UsageRecord(models.Model):
    """What one Call used, what it cost the customer, and how that was worked out.

    Partitioned by month of admission (`billing.usage_months`): the table's own key is
    (request_id, admitted_at), and a Call has the same instant however often it is delivered.
    """

    class Ending(models.TextChoices):
        COMPLETED = "completed", _("Completed")
        CLIENT_LEFT = "client_left", _("Client disconnected")
        UPSTREAM_FAILED = "upstream_failed", _("Upstream failed")
        CUT = "cut", _("Cut off")
        REAPED = "reaped", _("Ended by the reaper")

    request_id = models.CharField(primary_key=True, max_length=40)
    # What posting has looked up, or made in the same transaction, needs no second look by the
    # database, which would cost more than the row itself; nor an index of its own, as nothing asks
    # for a price's rows, or for a site's but by time. That an organization exists is seen to by its
    # sums, which every record comes with.
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
    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    endpoint = models.CharField(max_length=40)
    model = models.CharField(max_length=200, db_comment="the public id that was asked for")
    upstream = models.CharField(max_length=40, blank=True, db_comment="the one that answered")
    ending = models.CharField(max_length=16, choices=Ending.choices)
    status = models.PositiveSmallIntegerField(db_comment="HTTP status the caller saw; 0: none")
    error_code = models.CharField(max_length=60, blank=True)
    is_stream = models.BooleanField(default=False)
    is_estimated = models.BooleanField(default=False, db_comment="counted by us, not upstream")
    is_late = models.BooleanField(default=False, db_comment="settled after its Hold had expired")
    input_tokens = models.BigIntegerField(default=0, db_comment="disjoint from cached input")
    cached_input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(
        default=0, db_comment="for information: counted inside output_tokens"
    )
    quantities = models.JSONField(
        default=dict, db_comment="what was used of the rarer buckets: {bucket: count}"
    )
    price = models.ForeignKey(
        Price,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    adjustment_bp = models.IntegerField(
        default=0, db_comment="the plan's adjustment of that price, basis points"
    )
    charge_nanos = models.BigIntegerField(default=0, db_comment="debited from the customer")
    written_off_nanos = models.BigIntegerField(
        default=0, db_comment="used beyond Hold and balance: ours to bear"
    )
    cost_nanos = models.BigIntegerField(default=0, db_comment="what the upstream charges us")
    hold_nanos = models.BigIntegerField(default=0)
    lines = models.JSONField(
        default=list,
        db_comment="[{bucket, quantity, nanos_per_mtok or nanos_per_unit}]: the arithmetic",
    )
    attempts = models.JSONField(
        default=list,
        db_comment="[{upstream, status, code, latency_ms, cost_nanos, cost_id}] in order",
    )
    passed = models.JSONField(
        null=True, db_comment="[[upstream, reason]] of routes that were passed over; null: none"
    )
    admitted_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    first_byte_ms = models.PositiveIntegerField(null=True, db_comment="time to first token")
    duration_ms = models.PositiveIntegerField(default=0)
    stream_id = models.CharField(
        max_length=40,
        blank=True,
        db_comment="the usage event it was posted from: tells a redelivery from a duplicate",
    )
    ledger_transaction = models.ForeignKey(
        LedgerTransaction,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
    )

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-admitted_at", "-request_id"]),
            models.Index(fields=["-admitted_at"]),
            models.Index(fields=["site", "-admitted_at", "-request_id"], name="usage_by_site"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(charge_nanos__gte=0, written_off_nanos__gte=0),
                name="usage_record_charge_not_negative",
            ),
        ]


class DroppedUsage(models.Model):
    """What an organization's Calls of a month came to whose records retention has dropped."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(db_comment="its first day, UTC")
    calls = models.PositiveBigIntegerField()
    charge_nanos = models.BigIntegerField()
    dropped_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "month"], name="dropped_usage_once"),
        ]
