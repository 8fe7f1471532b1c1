"""What staff note down about a customer. Never shown to the customer."""

from django.db import models

from accounts.models.organizations import Organization
from accounts.models.users import User


class CustomerNote(models.Model):
    """One note, as it was written."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="notes")
    text = models.CharField(max_length=2000)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="customer_notes")]

    def __str__(self) -> str:
        return self.text


class CustomerTag(models.Model):
    """A word that staff find customers by."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="customer_tag_once"),
        ]
        indexes = [models.Index(fields=["name"], name="customers_by_tag")]

    def __str__(self) -> str:
        return self.name
