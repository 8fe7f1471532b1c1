"""The people who run one reseller's site. Operators, who run the deployment, need no row here."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.sites import Site
from accounts.models.users import User


class StaffRole(models.TextChoices):
    """What a site's staff may do; the acts of each are the table in `accounts.permissions`."""

    OWNER = "owner", _("Owner")
    FINANCE = "finance", _("Finance")
    SUPPORT = "support", _("Support")
    VIEWER = "viewer", _("Viewer")


class SiteStaff(models.Model):
    """A user's role among the staff of a site."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="staff")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="staff_of")
    role = models.CharField(max_length=10, choices=StaffRole.choices, default=StaffRole.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "user"], name="site_staff_once")]
