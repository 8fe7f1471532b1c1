"""What an upstream charges us: immutable versions in force from an instant on."""

from django.db import models

from accounts.models import User


class Cost(models.Model):
    """One version of a Route's cost. Never edited; it outlives its Route, as the usage does.

    A Route is told by what it is (model, upstream, the upstream's name), so that one that was
    removed and added again keeps its history.
    """

    model = models.CharField(max_length=200)
    upstream = models.CharField(max_length=40)
    name = models.CharField(max_length=200, db_comment="the upstream's own model name")
    components = models.JSONField(
        db_comment="integers of nanos, as billing.price_versions tells; empty: not known"
    )
    effective_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "upstream", "name", "effective_from"], name="cost_version_once"
            ),
        ]
