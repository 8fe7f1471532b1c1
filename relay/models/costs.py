"""What an upstream charges us: immutable versions in force from an instant on."""

from django.db import models

from billing.models.versions import Version


class Cost(Version):
    """One version of a Route's cost. It outlives its Route, as the usage does.

    A Route is told by what it is (model, upstream, the upstream's name), so that one that was
    removed and added again keeps its history.
    """

    model = models.CharField(max_length=200)
    upstream = models.CharField(max_length=40)
    name = models.CharField(max_length=200, db_comment="the upstream's own model name")
    components = models.JSONField(
        db_comment="integers of nanos, as billing.price_versions tells; empty: not known"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "upstream", "name", "effective_from"],
                condition=models.Q(cancelled_at=None),
                name="cost_version_once",
            ),
        ]
