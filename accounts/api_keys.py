"""Mint, hash, disable and revoke API keys; the only code that sees a secret, with
`key_rotation`. Never stores or logs one.

Whoever makes a key for a customer goes through `billing.keys`, which knows the plan.
"""

import hmac
import secrets
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
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
    keyed = _keyed(settings.API_KEY_PEPPER).copy()
    keyed.update(secret.encode())
    return keyed.digest()


@lru_cache(maxsize=1)
def _keyed(pepper: bytes) -> hmac.HMAC:
    """The HMAC before any message. OpenSSL takes ten times a hash's time to make one."""
    return hmac.new(pepper, digestmod="sha256")


def new_secret(key_id: str) -> str:
    """A secret for the key of this id, which stands in it in clear."""
    return PREFIX + key_id + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARS))


def mint(
    organization: Organization,
    *,
    name: str,
    created_by: User | None = None,
    expires_at: datetime | None = None,
    allowed_models: list[str] | None = None,
    allowed_endpoints: list[str] | None = None,
    allowed_networks: list[str] | None = None,
    requests_per_minute: int | None = None,
    tokens_per_minute: int | None = None,
    concurrency: int | None = None,
    budget_nanos: int | None = None,
    budget_period: str = "",
) -> Minted:
    """Make a key's row, unchecked and unaudited. The secret is in the answer and nowhere else."""
    key_id = "".join(secrets.choice(ALPHABET) for _ in range(ID_CHARS))
    secret = new_secret(key_id)
    key = ApiKey.objects.create(
        id=key_id,
        organization=organization,
        name=name,
        secret_hash=hash_secret(secret),
        last_four=secret[-4:],
        created_by=created_by,
        expires_at=expires_at,
        allowed_models=allowed_models,
        allowed_endpoints=allowed_endpoints,
        allowed_networks=allowed_networks,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        concurrency=concurrency,
        budget_nanos=budget_nanos,
        budget_period=budget_period,
    )
    return Minted(key, secret)


@transaction.atomic
def revoke(key: ApiKey, *, by: audit.Actor, reason: str = "") -> None:
    """End a key and all its secrets for good. Repeating it changes nothing; relays refuse it
    within a second."""
    row = locked(key)
    if row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        audit.record(by, "key.revoke", row, organization=row.organization, reason=reason)
        tell(row)
    key.revoked_at = row.revoked_at


@transaction.atomic
def set_active(key: ApiKey, *, is_active: bool, by: audit.Actor, reason: str = "") -> None:
    """Disable a key for a while, or enable it again. Repeating it changes nothing, and a revoked
    key stays as it is."""
    row = locked(key)
    if row.is_active != is_active and row.revoked_at is None:
        row.is_active = is_active
        row.save(update_fields=["is_active"])
        action = "key.enable" if is_active else "key.disable"
        audit.record(by, action, row, organization=row.organization, reason=reason)
        tell(row)
    key.is_active, key.revoked_at = row.is_active, row.revoked_at


@transaction.atomic
def disable_keys_of(user: User, organization: Organization, *, by: audit.Actor, reason: str) -> int:
    """Disable the keys that a member made, as they leave or may make none any more; how many.

    No key does more than its maker may: whoever manages all keys can enable them again and so
    answer for them.
    """
    keys = ApiKey.objects.filter(
        organization=organization, created_by=user, is_active=True, revoked_at=None
    )
    found = list(keys.order_by("pk"))
    for key in found:
        set_active(key, is_active=False, by=by, reason=reason)
    return len(found)


def locked(key: ApiKey) -> ApiKey:
    """The key's row, for the transaction that changes it. Posting passes over it meanwhile."""
    rows = ApiKey.objects.select_related("organization__site").select_for_update(of=("self",))
    return rows.get(pk=key.pk)


def tell(key: ApiKey) -> None:
    """Let the house know on commit. Relays hear of it from Postgres itself."""
    transaction.on_commit(lambda: key_changed.send_robust(sender=ApiKey, key=key), robust=True)
