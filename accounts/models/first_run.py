"""How far a new deployment is on its way from empty to usable."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class FirstRun(models.Model):
    """At most one row: the token that makes somebody the first operator, and what they skipped."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    token_hash = models.CharField(max_length=64, db_comment="SHA-256; empty once it was used")
    made_at = models.DateTimeField(db_comment="when the token was made")
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    skipped = ArrayField(
        models.CharField(max_length=20), default=list, db_comment="steps that can wait"
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="first_run_once")]
