"""News, maintenance and incidents that people are told of on their pages."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import new_id
from accounts.models.sites import Site


def new_announcement_id() -> str:
    return new_id("ann").replace("_", "-")  # as ids of the catalog file are


class Announcement(models.Model):
    """A message in several languages, about a site or all of them, for a while."""

    class Kind(models.TextChoices):
        NEWS = "news", _("News")
        MAINTENANCE = "maintenance", _("Maintenance")
        INCIDENT = "incident", _("Incident")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        RESOLVED = "resolved", _("Resolved")

    id = models.CharField(primary_key=True, max_length=40, default=new_announcement_id)
    site = models.ForeignKey(
        Site,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="announcements",
        db_comment="null: every site",
    )
    model_ids = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        db_comment="ids that it is about; empty: the whole site",
    )
    kind = models.CharField(max_length=11, choices=Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    title = models.JSONField(db_comment="by language")
    body = models.JSONField(default=dict, blank=True, db_comment="by language")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, db_comment="null: until it is resolved")
    resolved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["site", "starts_at"],
                condition=models.Q(state="published"),
                name="announcement_shown",
            ),
        ]

    def __str__(self) -> str:
        return str(self.title.get("en") or next(iter(self.title.values()), self.pk))
