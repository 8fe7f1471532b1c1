"""An offer to join an organization, sent to a mail address; the link holds what proves it."""

from django.db import models

from accounts.ids import new_id
from accounts.models.organizations import Organization, Role
from accounts.models.users import User


def new_invitation_id() -> str:
    return new_id("inv")


class Invitation(models.Model):
    """Pending until it is accepted, withdrawn or too old. Sending it again makes a new token."""

    id = models.CharField(primary_key=True, max_length=24, default=new_invitation_id)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(max_length=254, db_comment="lower case")
    role = models.CharField(max_length=10, choices=Role.choices)
    token_hash = models.BinaryField(
        max_length=32, unique=True, db_comment="HMAC-SHA256 with the server's pepper"
    )
    invited_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="invitation_pending_once",
            ),
        ]

    def __str__(self) -> str:
        return self.email
