"""A customer of a site, and the people who act for it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import new_organization_id
from accounts.models.sites import Site
from accounts.models.users import User


class Role(models.TextChoices):
    """What a member may do; the acts of each are the table in `accounts.permissions`."""

    OWNER = "owner", _("Owner")
    BILLING = "billing", _("Billing")
    DEVELOPER = "developer", _("Developer")
    VIEWER = "viewer", _("Viewer")


class Organization(models.Model):
    """A customer: the holder of a balance, of keys and of members."""

    id = models.CharField(primary_key=True, max_length=24, default=new_organization_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="organizations")
    name = models.CharField(max_length=100)
    time_zone = models.CharField(
        max_length=64, default="UTC", db_comment="IANA name; days and budgets follow it"
    )
    is_active = models.BooleanField(default=True, db_comment="false: suspended, calls get 403")
    is_frozen = models.BooleanField(
        default=False, db_comment="its figures differ (billing.freezes): calls get 403"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(
        User, through="Membership", related_name="organizations", blank=True
    )

    class Meta:
        indexes = [models.Index(fields=["site", "-created_at"])]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's role in an organization."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.DEVELOPER)
    created_at = models.DateTimeField(auto_now_add=True)
    last_active_at = models.DateTimeField(
        null=True, blank=True, db_comment="to five minutes: the last page opened for it"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),
        ]
