"""One connection to a vendor API. Its credentials are stored encrypted, write-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from cryptography.fernet import InvalidToken
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.sites import SLUG
from relay.credentials import decrypt, encrypt

# They take turns; more than a few only hide that a bigger contract is due.
CREDENTIALS_MAX = 50
LABEL_CHARS_MAX = 60
PAUSE_REASON_CHARS_MAX = 500


# What `Upstream.switch` writes.
SWITCHED = ("is_active", "paused_at", "pause_reason")


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential as staff see it."""

    id: str
    label: str
    added_at: datetime


class Upstream(models.Model):
    """A vendor API that we call with credentials of our own."""

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
    credentials = models.JSONField(
        default=list,
        editable=False,
        db_comment="in turn: id, label, added_at, and the secret, encrypted",
    )
    concurrency_max = models.PositiveIntegerField(
        null=True, blank=True, db_comment="tries under way at once, over all relays; null: no cap"
    )
    quirks = models.JSONField(
        default=dict, blank=True, db_comment="what differs at this vendor: relay.proxy.wire.Quirks"
    )
    is_active = models.BooleanField(default=True)
    paused_at = models.DateTimeField(
        null=True, blank=True, editable=False, db_comment="null while it takes calls"
    )
    pause_reason = models.CharField(max_length=PAUSE_REASON_CHARS_MAX, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.id

    def switch(self, *, is_active: bool, reason: str, now: datetime) -> None:
        """Take calls again, or take no new ones; the caller saves `SWITCHED`."""
        self.is_active = is_active
        self.paused_at = None if is_active else now
        self.pause_reason = "" if is_active else reason[:PAUSE_REASON_CHARS_MAX]

    @property
    def has_credential(self) -> bool:
        """Whether there is one at all."""
        return bool(self.credentials)

    def held(self) -> list[HeldCredential]:
        """What there is, in turn, and nothing of the secrets."""
        return [
            HeldCredential(row["id"], row["label"], datetime.fromisoformat(row["added_at"]))
            for row in self.credentials
        ]

    def set_credential(self, secret: str) -> None:
        """Make `secret` the only one; the caller saves."""
        self.set_credentials([secret] if secret else [])

    def set_credentials(self, secrets: Sequence[str]) -> None:
        """Make these the only ones, in this order; the caller saves. Those that are there already
        stay what they are."""
        kept = {self._secret_or_none(row): row for row in self.credentials}
        self.credentials = [kept.get(secret) or _sealed(secret, "") for secret in secrets]

    def add_credential(self, secret: str, label: str) -> None:
        """One more; the caller saves. ValueError when it is there already, or there are many."""
        if len(self.credentials) >= CREDENTIALS_MAX:
            raise ValueError(f"at most {CREDENTIALS_MAX}")
        if secret in [self._secret_or_none(row) for row in self.credentials]:
            raise ValueError("there already")
        self.credentials = [*self.credentials, _sealed(secret, label)]

    def remove_credential(self, credential_id: str) -> None:
        """One less; the caller saves. Removing what is not there changes nothing."""
        self.credentials = [row for row in self.credentials if row["id"] != credential_id]

    def secrets(self) -> list[tuple[str, str]]:
        """Ids and clear credentials, for the data plane and test calls only.

        InvalidToken when none of them can be read; one that cannot be is left out.
        """
        found = [(row["id"], self._secret_or_none(row)) for row in self.credentials]
        readable = [(row_id, secret) for row_id, secret in found if secret is not None]
        if found and not readable:
            raise InvalidToken
        return readable

    def credential(self) -> str:
        """The first clear credential; "" when none is set."""
        return next((secret for _, secret in self.secrets()), "")

    @staticmethod
    def _secret_or_none(row: dict[str, str]) -> str | None:
        try:
            return decrypt(row["secret"].encode())
        except InvalidToken:
            return None


def _sealed(secret: str, label: str) -> dict[str, str]:
    return {
        "id": token_hex(4),
        "label": label,
        "added_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "secret": encrypt(secret).decode(),
    }
