"""What checks of the books found, and whom they stopped. History: nothing here moves money."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User


class AuditRun(models.Model):
    """One look at the books: the short one of every minute, or the whole audit."""

    class Kind(models.TextChoices):
        DRIFT = "drift", _("Every minute")
        FULL = "full", _("Full audit")

    kind = models.CharField(max_length=5, choices=Kind.choices)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(
        null=True, blank=True, db_comment="null: under way, or its worker died"
    )
    is_ok = models.BooleanField(null=True, db_comment="null as long as ended_at is")
    findings = models.JSONField(
        default=list, db_comment="[{check, text, organization}]; cut after the first few"
    )
    differences = models.PositiveIntegerField(default=0, db_comment="all of them, shown or not")
    transactions_to = models.BigIntegerField(
        default=0, db_comment="drift: ledger transactions up to this id need no second look"
    )
    swept_to = models.CharField(
        max_length=24, blank=True, db_comment="drift: the last organization whose gate was read"
    )

    class Meta:
        indexes = [models.Index(fields=["kind", "-started_at"])]


class Freeze(models.Model):
    """A span in which an organization could not call because its figures differed."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="freezes")
    reason = models.CharField(max_length=500)
    frozen_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lift_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(lifted_at__isnull=True),
                name="freeze_open_once",
            ),
        ]
