"""Give a key a new secret while programs still use the old one. The public id stays."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.api_keys import Minted, hash_secret, locked, new_secret, tell
from accounts.errors import AccountsError
from accounts.models import ApiKey, RetiredSecret

# What a person may choose: no time at all, the length of a deployment, a day, a week.
OVERLAPS = (timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=7))
# Old secrets that still open: more at once, and nobody knows any more who uses which.
LIVE_MAX = 3
# Those that have ended are kept so that their use can be told from a wrong key's.
KEPT_MAX = 20


class RotationRefused(AccountsError):
    """A key can't be given a new secret now; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def rotate(
    key: ApiKey, *, overlap: timedelta, by: audit.Actor, now: datetime | None = None
) -> Minted:
    """A new secret, in the answer and nowhere else; the old one opens for `overlap` longer.

    Raises RotationRefused: `unknown_overlap`; `key_ended`; `too_many_live`, when earlier secrets
    still open.
    """
    if overlap not in OVERLAPS:
        raise RotationRefused("unknown_overlap")
    now, row = now or timezone.now(), locked(key)
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise RotationRefused("key_ended")
    if overlap and row.retired_secrets.filter(expires_at__gt=now).count() >= LIVE_MAX:
        raise RotationRefused("too_many_live")
    old = RetiredSecret.objects.create(
        api_key=row,
        secret_hash=row.secret_hash,
        last_four=row.last_four,
        retired_at=now,
        retired_by=by.name[: audit.NAME_CHARS_MAX],
        expires_at=now + overlap,
    )
    secret = new_secret(row.pk)
    row.secret_hash, row.last_four = hash_secret(secret), secret[-4:]
    row.save(update_fields=["secret_hash", "last_four"])
    _forget_oldest(row, now)
    audit.record(
        by,
        "key.rotate",
        row,
        organization=row.organization,
        before={"last_four": old.last_four},
        after={"last_four": row.last_four, "old_opens_until": old.expires_at.isoformat()},
    )
    tell(row)
    return Minted(row, secret)


@transaction.atomic
def end_old_secret(
    key: ApiKey, retired_id: int, *, by: audit.Actor, now: datetime | None = None
) -> None:
    """Let an old secret open no longer. Repeating it changes nothing; RetiredSecret.DoesNotExist
    when the key has no such secret."""
    now, row = now or timezone.now(), locked(key)
    old = row.retired_secrets.get(pk=retired_id)
    if old.expires_at <= now:
        return
    before = old.expires_at.isoformat()
    old.expires_at = now
    old.save(update_fields=["expires_at"])
    audit.record(
        by,
        "key.end_old_secret",
        row,
        organization=row.organization,
        before={"opens_until": before},
        after={"opens_until": now.isoformat()},
    )
    tell(row)


@dataclass(frozen=True, slots=True)
class OldSecret:
    """A retired secret as pages show it."""

    row: RetiredSecret
    is_live: bool


def old_secrets(key: ApiKey, *, now: datetime | None = None) -> list[OldSecret]:
    """Those that are kept, the youngest first."""
    now = now or timezone.now()
    return [OldSecret(row, row.expires_at > now) for row in key.retired_secrets.all()[:KEPT_MAX]]


def _forget_oldest(key: ApiKey, now: datetime) -> None:
    ended = key.retired_secrets.filter(expires_at__lte=now).values_list("pk", flat=True)
    RetiredSecret.objects.filter(pk__in=list(ended[KEPT_MAX:])).delete()
