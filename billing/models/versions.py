"""What versions of prices and the like have in common: from when on, made when and by whom."""

from django.db import models

from accounts.models import User


class Version(models.Model):
    """Never edited: a change is a new row with a later `effective_from`."""

    effective_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        abstract = True
