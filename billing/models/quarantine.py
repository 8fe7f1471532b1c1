"""Usage events that could not be posted, kept whole until somebody decides."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Site, User


class QuarantinedEvent(models.Model):
    """One event. Nobody is charged by it: its debit went back to the balance."""

    class Outcome(models.TextChoices):
        RETRIED = "retried", _("Retried")
        DISCARDED = "discarded", _("Discarded")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    stream_id = models.CharField(max_length=40)
    # Texts and no foreign keys: what they name may be what is wrong with the event.
    request_id = models.CharField(max_length=200)
    organization_id = models.CharField(max_length=200)
    key_id = models.CharField(max_length=200)
    debited_nanos = models.BigIntegerField()
    written_off_nanos = models.BigIntegerField()
    state = models.CharField(max_length=10)
    ending = models.CharField(max_length=40)
    event = models.BinaryField()
    reason = models.CharField(max_length=300)
    set_aside_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decision_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "stream_id"], name="quarantined_event_once"),
        ]
        indexes = [
            models.Index(
                fields=["site", "-set_aside_at"],
                condition=models.Q(outcome=""),
                name="quarantined_event_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.request_id
