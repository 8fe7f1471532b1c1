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


class EndpointFamily(models.TextChoices):
    """What a key may be limited to; which endpoint is of which is `relay.proxy.families`."""

    CHAT = "chat", _("Text and conversations")
    EMBEDDINGS = "embeddings", _("Embeddings")
    MODERATIONS = "moderations", _("Moderations")
    RERANK = "rerank", _("Rerank")
    IMAGES = "images", _("Images")
    AUDIO = "audio", _("Audio")
    VIDEOS = "videos", _("Videos")
    REALTIME = "realtime", _("Realtime")


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
    allowed_endpoints = ArrayField(
        models.CharField(max_length=20, choices=EndpointFamily.choices),
        null=True,
        blank=True,
        db_comment="families of endpoints; null: all",
    )
    allowed_networks = ArrayField(
        models.CharField(max_length=43), null=True, blank=True, db_comment="CIDR; null: anywhere"
    )
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveBigIntegerField(null=True, blank=True)
    concurrency = models.PositiveIntegerField(null=True, blank=True)
    budget_nanos = models.BigIntegerField(null=True, blank=True)
    budget_period = models.CharField(max_length=5, choices=BudgetPeriod.choices, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_ip = models.GenericIPAddressField(null=True, blank=True)
    last_used_model = models.CharField(max_length=200, blank=True)

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


class RetiredSecret(models.Model):
    """A secret that a key had before it was rotated. It opens until `expires_at`, and stays known
    after that, so that its use can be told from a wrong key's."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="retired_secrets")
    secret_hash = models.BinaryField(max_length=32, unique=True, db_comment="as of the key itself")
    last_four = models.CharField(max_length=4)
    retired_at = models.DateTimeField()
    retired_by = models.CharField(max_length=254, db_comment="who rotated, as it was called")
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, db_comment="since it was retired")

    class Meta:
        ordering = ["-retired_at", "-id"]

    def __str__(self) -> str:
        return f"{self.api_key_id} …{self.last_four}"


class KeyAddress(models.Model):
    """An address that a key was used from; the newest few of each key."""

    api_key = models.ForeignKey(
        ApiKey, on_delete=models.CASCADE, related_name="addresses", db_index=False
    )
    ip = models.GenericIPAddressField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key", "ip"], name="key_address_once")]

    def __str__(self) -> str:
        return self.ip
