"""One credentialed connection to a vendor API. The credential is stored encrypted, write-only."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.sites import SLUG
from relay.credentials import decrypt, encrypt


class Upstream(models.Model):
    """A vendor API that we call with a credential of our own."""

    class Dialect(models.TextChoices):
        OPENAI = "openai", _("OpenAI-compatible")
        ANTHROPIC = "anthropic", "Anthropic"
        GEMINI = "gemini", "Google Gemini"
        AZURE = "azure-openai", "Azure OpenAI"

    id = models.CharField(primary_key=True, max_length=40, validators=[SLUG])
    dialect = models.CharField(max_length=20, choices=Dialect.choices, default=Dialect.OPENAI)
    base_url = models.CharField(max_length=500)
    provider = models.CharField(
        max_length=60, blank=True, db_comment="what the X-AI-Provider header matches"
    )
    credential_encrypted = models.BinaryField(default=b"", editable=False)
    quirks = models.JSONField(
        default=dict, blank=True, db_comment="what differs at this vendor: relay.proxy.wire.Quirks"
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.id

    def set_credential(self, secret: str) -> None:
        """Store `secret` encrypted; the caller saves."""
        self.credential_encrypted = encrypt(secret)

    def credential(self) -> str:
        """The clear credential, for the data plane and test calls only. "" when none is set."""
        return decrypt(bytes(self.credential_encrypted))
