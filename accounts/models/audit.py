"""Who did what, when and from where: the trail of every change that a person made.

Rows are only ever added (a trigger refuses the rest), so that they hold copies of names and no
constraint to what they name: a user or a key may be gone while its trail stays.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.organizations import Organization
from accounts.models.sites import Site
from accounts.models.users import User


class Via(models.TextChoices):
    """The door that a change came through."""

    PAGE = "page", _("Page")
    API = "api", _("API")
    COMMAND = "command", _("Command")


class AuditRecord(models.Model):
    """One change. `before` and `after` hold the fields that differ, and no secret ever."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=254, db_comment="e-mail, token or command, as it was")
    via = models.CharField(max_length=7, choices=Via.choices)
    site = models.ForeignKey(
        Site, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    action = models.CharField(max_length=60, db_comment="what was done: `key.create`")
    target_id = models.CharField(max_length=254, blank=True)
    target_name = models.CharField(max_length=254, blank=True, db_comment="as it was called then")
    reason = models.CharField(max_length=500, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    ip = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["site", "-id"], name="audit_by_site"),
            models.Index(fields=["organization", "-id"], name="audit_by_organization"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["target_id", "-id"], name="audit_by_target"),
            models.Index(fields=["at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_name or self.target_id}"
