"""What is sold: models, plans, and what each site offers of them."""

from django.core.validators import RegexValidator
from django.db import models

from accounts.models import Site
from accounts.models.sites import SLUG

# Public model ids are the vendors' own spelling: `gpt-4o-mini`, `openai/gpt-4o`, `qwen2.5:7b`.
MODEL_ID = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._:/+@-]{0,199}$", "letters, digits, . _ : / + @ -"
)


class Model(models.Model):
    """Something a customer can call, by its public id."""

    id = models.CharField(primary_key=True, max_length=200, validators=[MODEL_ID])
    name = models.CharField(max_length=200, blank=True)
    context_tokens = models.PositiveIntegerField(default=128_000)
    max_output_tokens = models.PositiveIntegerField(
        default=4096, db_comment="the cap a Hold assumes when the caller names none"
    )
    owned_by = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    capabilities = models.JSONField(
        default=list, blank=True, db_comment="words of billing.capabilities"
    )
    retires_at = models.DateTimeField(
        null=True, blank=True, db_comment="from then on it is not sold, and calls get 404"
    )
    successor = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_comment="told to those who still call it once it has retired",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.id


class Plan(models.Model):
    """A set of limits that organizations are on; null is no limit."""

    id = models.CharField(primary_key=True, max_length=40, validators=[SLUG])
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveBigIntegerField(null=True, blank=True)
    concurrency = models.PositiveIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return self.id


class SiteTerms(models.Model):
    """What a site sells, and on which plan its customers are."""

    site = models.OneToOneField(
        Site, primary_key=True, on_delete=models.CASCADE, related_name="terms"
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    offers_all_models = models.BooleanField(default=True)
    trial_credit_nanos = models.BigIntegerField(
        default=0, db_comment="given once to a new customer with a verified mail address"
    )
    models = models.ManyToManyField(Model, blank=True, related_name="+")

    class Meta:
        verbose_name_plural = "site terms"
