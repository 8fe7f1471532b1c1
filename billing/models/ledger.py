"""The books: accounts, transactions and entries. Imported by `billing.ledger` and its audit only.

Entries are never updated or deleted; a correction is a new transaction. Signs: a positive amount
raises the account. An organization's account is what we owe the customer, so a top-up is
+amount there and -amount on payment clearing; a charge is -amount there and +amount on revenue.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organization, Site, User


class LedgerAccount(models.Model):
    """One account of a site's books; customers' accounts name their organization."""

    class Kind(models.TextChoices):
        ORGANIZATION = "organization", _("Customer balance")
        REVENUE = "revenue", _("Revenue")
        CLEARING = "clearing", _("Payment clearing")
        GRANTS = "grants", _("Grants")
        ADJUSTMENTS = "adjustments", _("Adjustments")
        WRITE_OFF = "write_off", _("Write-offs")
        COST = "cost", pgettext_lazy("upstream", "Cost")
        PAYABLE = "payable", _("Owed to upstreams")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    organization = models.OneToOneField(
        Organization,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ledger_account",
    )
    balance_nanos = models.BigIntegerField(
        default=0, db_comment="sum of its entries, kept in the same database transaction"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind"],
                condition=models.Q(organization__isnull=True),
                name="ledger_account_once_per_site",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="organization", organization__isnull=False)
                | ~models.Q(kind="organization") & models.Q(organization__isnull=True),
                name="ledger_account_kind_fits",
            ),
        ]


class LedgerTransaction(models.Model):
    """Entries that belong together and sum to zero; once per (kind, external id)."""

    class Kind(models.TextChoices):
        TOP_UP = "top_up", _("Top-up")
        GRANT = "grant", _("Grant")
        ADJUSTMENT = "adjustment", _("Adjustment")
        CHARGE = "charge", _("Usage")
        COST = "cost", pgettext_lazy("upstream", "Cost")
        REFUND = "refund", _("Refund")
        DISPUTE = "dispute", _("Payment dispute")
        DISPUTE_WON = "dispute_won", _("Dispute won")
        REDEEM_CODE = "redeem_code", _("Redeem code")
        WRITE_OFF = "write_off", _("Write-off")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    external_id = models.CharField(max_length=120)
    reason = models.CharField(max_length=300, blank=True)
    actor = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "external_id"], name="ledger_transaction_once"),
        ]
        indexes = [models.Index(fields=["site", "created_at"], name="ledger_by_site_and_time")]


class LedgerEntry(models.Model):
    """One line of a transaction."""

    transaction = models.ForeignKey(
        LedgerTransaction, on_delete=models.PROTECT, related_name="entries"
    )
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="entries")
    amount_nanos = models.BigIntegerField()
    balance_after_nanos = models.BigIntegerField(db_comment="of the account, after this entry")

    class Meta:
        indexes = [models.Index(fields=["account", "-id"])]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(amount_nanos=0), name="ledger_entry_moves_money"
            ),
        ]


class CreditOutbox(models.Model):
    """A change of a customer's balance that the gate must hear of, exactly once by its id."""

    transaction = models.OneToOneField(
        LedgerTransaction, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    amount_nanos = models.BigIntegerField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["transaction"],
                condition=models.Q(applied_at__isnull=True),
                name="credit_outbox_waiting",
            ),
        ]
