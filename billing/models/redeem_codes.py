"""Codes that credit whoever enters them first. Kept as keyed hashes: nobody reads one here."""

from django.db import models

from accounts.ids import new_id
from accounts.models import Organization, Site, User
from accounts.models.sites import SLUG


def new_batch_slug() -> str:
    """For a batch that nobody named."""
    return new_id("codes").replace("_", "-")  # as ids of the catalog file are


class RedeemBatch(models.Model):
    """Codes that were made together and are worth the same."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    slug = models.CharField(
        max_length=40,
        default=new_batch_slug,
        validators=[SLUG],
        db_comment="its id in the catalog file, one of its site's",
    )
    name = models.CharField(max_length=100, db_comment="for staff, and the ledger's reason")
    prefix = models.CharField(max_length=8, blank=True, default="", db_comment="begins each code")
    amount_nanos = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["site", "-id"], name="redeem_batches")]
        constraints = [
            models.UniqueConstraint(fields=["site", "slug"], name="redeem_batch_slug_once"),
            models.CheckConstraint(
                condition=models.Q(amount_nanos__gt=0), name="redeem_batch_is_worth_something"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RedeemCode(models.Model):
    """One code; with an organization it is used."""

    batch = models.ForeignKey(RedeemBatch, on_delete=models.CASCADE, related_name="codes")
    code_hash = models.BinaryField(unique=True, max_length=32, db_comment="HMAC-SHA256, peppered")
    last_four = models.CharField(max_length=4)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    redeemed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "organization"], name="redeem_code_once_per_organization"
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.last_four}"
