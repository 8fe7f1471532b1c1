"""Mint, hash and compare API keys; the only code that sees a secret. Never stores or logs one."""

import hmac
import secrets
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from accounts.models import ApiKey, Organization, User
from accounts.signals import key_changed

# A key is `sk-` + 12 characters of public id + 43 of secret: 62^43 > 2^256.
PREFIX = "sk-"
ID_CHARS = 12
SECRET_CHARS = 43
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Minted(NamedTuple):
    """A fresh key and, this once, its secret."""

    key: ApiKey
    secret: str


def hash_secret(secret: str) -> bytes:
    """The 32 bytes that are stored: HMAC-SHA256 of the whole key with the server's pepper."""
    pepper: bytes = settings.API_KEY_PEPPER
    return hmac.digest(pepper, secret.encode(), "sha256")


def mint(
    organization: Organization,
    *,
    name: str,
    created_by: User | None = None,
    expires_at: datetime | None = None,
    allowed_models: list[str] | None = None,
    requests_per_minute: int | None = None,
    tokens_per_minute: int | None = None,
    concurrency: int | None = None,
    budget_nanos: int | None = None,
    budget_period: str = "",
) -> Minted:
    """Make a key. The secret is in the answer and nowhere else."""
    key_id = "".join(secrets.choice(ALPHABET) for _ in range(ID_CHARS))
    secret = PREFIX + key_id + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARS))
    key = ApiKey.objects.create(
        id=key_id,
        organization=organization,
        name=name,
        secret_hash=hash_secret(secret),
        last_four=secret[-4:],
        created_by=created_by,
        expires_at=expires_at,
        allowed_models=allowed_models,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        concurrency=concurrency,
        budget_nanos=budget_nanos,
        budget_period=budget_period,
    )
    return Minted(key, secret)


def revoke(key: ApiKey) -> None:
    """End a key for good. Repeating it changes nothing; relays refuse it within a second."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
    key_changed.send(sender=ApiKey, key=key)


def set_active(key: ApiKey, *, is_active: bool) -> None:
    """Disable a key for a while, or enable it again."""
    key.is_active = is_active
    key.save(update_fields=["is_active"])
    key_changed.send(sender=ApiKey, key=key)
