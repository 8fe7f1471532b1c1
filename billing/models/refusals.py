"""Calls that we refused, sampled, and the runs of refusals that share one cause."""

from django.db import models

from accounts.models import ApiKey, Organization, Site


class BlockEpisode(models.Model):
    """A run of refusals with one cause: opens with the first, closes when the cause is cured
    and a call passes (or the episode falls silent).

    `api_key` and `model` are set only where the cause is that key's or that model's own
    (`billing.causes`): an empty balance is one episode, whichever keys hit it.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="block_episodes"
    )
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, null=True, related_name="+")
    code = models.CharField(max_length=60, db_comment="the canonical error.code, not a preset's")
    status = models.PositiveSmallIntegerField()
    model = models.CharField(max_length=200, blank=True)
    refused_count = models.PositiveBigIntegerField(default=0)
    logged_count = models.PositiveIntegerField(default=0, db_comment="its rows in the log")
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "api_key", "code", "model"],
                condition=models.Q(closed_at__isnull=True),
                nulls_distinct=False,
                name="block_episode_open_once",
            ),
        ]
        indexes = [models.Index(fields=["organization", "-last_at"])]


class Refusal(models.Model):
    """One refused Call of the log, or a sample that stands for `multiplier` of them."""

    id = models.CharField(primary_key=True, max_length=40, db_comment="the request id")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="refusals"
    )
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, null=True, related_name="+")
    episode = models.ForeignKey(
        BlockEpisode, on_delete=models.CASCADE, null=True, related_name="refusals"
    )
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=60)
    rule = models.CharField(
        max_length=200, blank=True, db_comment="what fired, e.g. `requests_per_minute 60 (key)`"
    )
    endpoint = models.CharField(max_length=40)
    model = models.CharField(max_length=200, blank=True)
    param = models.CharField(max_length=100, blank=True)
    multiplier = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-at", "-id"]),
            models.Index(fields=["-at", "-id"], name="refusals_by_time"),
        ]


class RefusalPosition(models.Model):
    """How far a site's stream of refusals has been counted; moves with the counts, in one
    database transaction, so that no entry counts twice."""

    site = models.OneToOneField(Site, primary_key=True, on_delete=models.CASCADE, related_name="+")
    stream_id = models.CharField(max_length=40, default="0-0")
