"""Who was given a site's trial credit: once for an organization, once for a mail address."""

from django.db import models

from accounts.models import Organization, Site


class Trial(models.Model):
    """A trial credit that was given. Rows stay when people leave, so that nobody comes twice."""

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.CASCADE, related_name="trial"
    )
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    mailbox = models.CharField(max_length=254, db_comment="the address that counts as one person's")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "mailbox"], name="trial_once")]
