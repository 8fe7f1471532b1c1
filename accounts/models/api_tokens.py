"""Credentials of the management API, and the answers that a repeated request gets again."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.organizations import Organization
from accounts.models.sites import Site
from accounts.models.users import User


class TokenKind(models.TextChoices):
    """How far a token reaches; never further than whoever made it does at that moment."""

    PERSONAL = "personal", _("Personal")
    ORGANIZATION = "organization", _("Organization")
    SITE = "site", _("Site")
    OPERATOR = "operator", _("Operator")


class ApiToken(models.Model):
    """What a program shows to the management API. All but personal ones act in their own name."""

    id = models.CharField(primary_key=True, max_length=12, db_comment="public: stands in the token")
    kind = models.CharField(max_length=12, choices=TokenKind.choices)
    name = models.CharField(max_length=100)
    scopes = ArrayField(models.CharField(max_length=30))
    secret_hash = models.BinaryField(
        max_length=32, unique=True, db_comment="HMAC-SHA256 with the server's pepper"
    )
    last_four = models.CharField(max_length=4)
    site = models.ForeignKey(
        Site,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        db_comment="where it is taken; null: an operator's, on every site",
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, null=True, related_name="api_tokens"
    )
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True, db_comment="to the minute")
    last_used_ip = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [models.Index(fields=["made_by", "-created_at"], name="api_token_by_maker")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="organization", organization__isnull=False)
                | ~models.Q(kind="organization") & models.Q(organization__isnull=True),
                name="api_token_of_organization",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="operator", site__isnull=True)
                | ~models.Q(kind="operator") & models.Q(site__isnull=False),
                name="api_token_of_site",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.masked})"

    @property
    def masked(self) -> str:
        """What lists show of a token: enough to recognise it, nothing to use it."""
        prefix = "tgp" if self.kind == TokenKind.PERSONAL else "tgs"
        return f"{prefix}_{self.id[:4]}…{self.last_four}"


class KeptAnswer(models.Model):
    """What a request under an `Idempotency-Key` was answered; without a status it is running."""

    caller = models.CharField(max_length=40, db_comment="token or user")
    key = models.CharField(max_length=255)
    digest = models.BinaryField(max_length=32, db_comment="of method, address and body")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True, db_comment="without what is shown only once")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="kept_answer_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
