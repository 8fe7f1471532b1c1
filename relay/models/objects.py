"""What a Call left behind that its organization may ask for again: a video, a stored response; and
the Calls that are paid only when such a thing is ready."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Site


class UpstreamObject(models.Model):
    """One object of an organization's. Which key or relay asks for it makes no difference.

    The Upstream is told by its id, not linked: its credential may change, and with the Upstream
    gone the object is still the organization's.
    """

    class Kind(models.TextChoices):
        VIDEO = "video", _("Video")
        RESPONSE = "response", _("Response")

    class State(models.TextChoices):
        PENDING = "pending", _("In the making")
        COMPLETED = "completed", _("Completed")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Expired")

    id = models.CharField(primary_key=True, max_length=64, db_comment="public")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_index=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    key_id = models.CharField(max_length=12, db_comment="the ApiKey that made it; may be gone")
    model = models.CharField(max_length=200, db_comment="the public id that was asked for")
    upstream_id = models.CharField(max_length=40, blank=True, db_comment="empty: kept by us alone")
    credential_id = models.CharField(
        max_length=40, blank=True, db_comment="which of its credentials made it, where known"
    )
    upstream_model = models.CharField(max_length=200, blank=True)
    upstream_object = models.CharField(
        max_length=200, blank=True, db_comment="the upstream's own id: never shown"
    )
    operation = models.CharField(max_length=40, db_comment="the path it was made under")
    document = models.BinaryField(default=b"", db_comment="as the customer saw it last, JSON")
    items = models.BinaryField(default=b"", db_comment="what it was asked with, a JSON array")
    created_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True, db_comment="when its upstream was last asked")
    expires_at = models.DateTimeField(db_comment="forgotten after it")

    class Meta:
        indexes = [
            models.Index(fields=["organization", "kind", "-created_at", "-id"]),
            models.Index(fields=["expires_at"]),
        ]


class DeferredCall(models.Model):
    """A Call that was answered and is not over: its object is still in the making, its Hold open.

    Written with the object. The outcome is decided by the first who sees the end, in one UPDATE;
    the gate is then told, again and again until the Call's record is posted: it takes it once.
    """

    class Outcome(models.TextChoices):
        OPEN = "", _("Open")
        CHARGED = "charged", _("Charged")
        RELEASED = "released", _("Released")

    object = models.OneToOneField(
        UpstreamObject, primary_key=True, on_delete=models.PROTECT, related_name="call"
    )
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    request_id = models.CharField(max_length=40, unique=True)
    budgets = models.JSONField(
        default=list,
        db_comment="[[scope, period, limit nanos, resets at ms]] that it counts against",
    )
    hold_nanos = models.BigIntegerField()
    charge_nanos = models.BigIntegerField(db_comment="should it be completed")
    event = models.BinaryField(db_comment="the usage event should it be completed, JSON")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    looks = models.PositiveIntegerField(default=0)
    next_look_at = models.DateTimeField(db_index=True)
    gives_up_at = models.DateTimeField(db_comment="released then, whatever the upstream does")
