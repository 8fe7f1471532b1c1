"""A credential of an organization: a clear id and a keyed hash, never the secret."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.organizations import Organization
from accounts.models.users import User


class BudgetPeriod(models.TextChoices):
    """The span in which a budget counts, in the organization's time zone."""

    DAY = "day", _("per day")
    WEEK = "week", _("per week")
    MONTH = "month", _("per month")
    TOTAL = "total", _("in total")


class ApiKey(models.Model):
    """What a program authenticates with. Limits that are null are not set."""

    id = models.CharField(
        primary_key=True, max_length=12, db_comment="public: stands in the key after `sk-`"
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=100)
    secret_hash = models.BinaryField(
        max_length=32, unique=True, db_comment="HMAC-SHA256 with the server's pepper"
    )
    last_four = models.CharField(max_length=4)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, db_comment="final; calls get 401")
    is_active = models.BooleanField(default=True, db_comment="false: disabled, calls get 403")
    allowed_models = ArrayField(
        models.CharField(max_length=200), null=True, blank=True, db_comment="null: all"
    )
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveBigIntegerField(null=True, blank=True)
    concurrency = models.PositiveIntegerField(null=True, blank=True)
    budget_nanos = models.BigIntegerField(null=True, blank=True)
    budget_period = models.CharField(max_length=5, choices=BudgetPeriod.choices, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "-created_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(budget_nanos__isnull=True, budget_period="")
                | models.Q(budget_nanos__gt=0) & ~models.Q(budget_period=""),
                name="api_key_budget_has_period",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.masked})"

    @property
    def masked(self) -> str:
        """What lists show of a key: enough to recognise it, nothing to use it."""
        return f"sk-{self.id[:4]}…{self.last_four}"
