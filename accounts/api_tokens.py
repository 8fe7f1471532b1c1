"""Make, find and revoke tokens of the management API. The secret is in the answer of `make` and
nowhere else; what is stored is its keyed hash.

A token never does more than whoever made it may at that moment: `accounts.api.callers` asks the
tables of roles anew for each request.
"""

import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.api_keys import ALPHABET, ID_CHARS, SECRET_CHARS
from accounts.errors import AccountsError
from accounts.models import ApiToken, Organization, Site, TokenKind, User
from accounts.scopes import CARRIED

PERSONAL_PREFIX, SERVICE_PREFIX = "tgp_", "tgs_"
NAME_CHARS_MAX = 100  # as the column is
# Tokens that open: programs of one person or place, and what a page can list.
TOKENS_MAX = 100
LIFETIME_MAX = timedelta(days=366)
# `last_used_at` is for people: once a minute is often enough, and no write for each request.
USED_AGAIN = timedelta(minutes=1)
_TOKEN = re.compile(rf"tg[ps]_([0-9A-Za-z]{{{ID_CHARS}}})[0-9A-Za-z]{{{SECRET_CHARS}}}", re.ASCII)


class TokenRefused(AccountsError):
    """No token may be made like this. `field` is one of `make`'s arguments."""

    def __init__(self, code: str, field: str, detail: str = "") -> None:
        super().__init__(f"{field}: {code} {detail}".rstrip())
        self.code, self.field, self.detail = code, field, detail


class MadeToken(NamedTuple):
    """A fresh token and, this once, its secret."""

    token: ApiToken
    secret: str


def make(
    kind: TokenKind,
    *,
    name: str,
    scopes: Iterable[str],
    by: audit.Actor,
    site: Site | None,
    organization: Organization | None = None,
    expires_at: datetime | None = None,
) -> MadeToken:
    """A token of the user who acts. Whether they may is asked before (MANAGE_TOKENS; anyone makes
    personal ones). Raises TokenRefused."""
    name, found = name.strip(), _checked_scopes(kind, scopes)
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise TokenRefused("not_a_name", "name")
    now = timezone.now()
    if expires_at is not None and not now < expires_at <= now + LIFETIME_MAX:
        raise TokenRefused("out_of_range", "expires_at")
    if by.user is None:
        raise TokenRefused("needs_a_maker", "by")
    where = None if kind == TokenKind.OPERATOR else site
    token_id = "".join(secrets.choice(ALPHABET) for _ in range(ID_CHARS))
    prefix = PERSONAL_PREFIX if kind == TokenKind.PERSONAL else SERVICE_PREFIX
    secret = prefix + token_id + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARS))
    token = ApiToken(
        id=token_id,
        kind=kind,
        name=name,
        scopes=found,
        secret_hash=hash_secret(secret),
        last_four=secret[-4:],
        site=where,
        organization=organization,
        made_by=by.user,
        expires_at=expires_at,
    )
    with transaction.atomic():
        # Counting and adding is one act: two at once could pass the bound.
        User.objects.select_for_update(no_key=True).get(pk=by.user.pk)
        if _open(ApiToken.objects.filter(made_by=by.user), now).count() >= TOKENS_MAX:
            raise TokenRefused("too_many_tokens", "name", str(TOKENS_MAX))
        token.save(force_insert=True)
        after = audit.fields_of(token, "kind", "name", "scopes", "expires_at")
        _record(by, "token.create", token, after=after)
    return MadeToken(token, secret)


@transaction.atomic
def revoke(token: ApiToken, *, by: audit.Actor, reason: str = "") -> None:
    """End a token for good, from the next request on. Repeating it changes nothing."""
    row = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    if row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        _record(by, "token.revoke", row, reason=reason)
    token.revoked_at = row.revoked_at


def find(secret: str, *, site: Site, ip: str | None) -> ApiToken | None:
    """The token of a secret, where it opens on this site now; notes that it was used.

    Unknown, ended and other sites' are all None: whoever guesses learns nothing.
    """
    match = _TOKEN.fullmatch(secret)
    if match is None:
        return None
    rows = ApiToken.objects.select_related("made_by", "organization__site")
    now = timezone.now()
    token = _open(rows.filter(pk=match[1]), now).first()
    if token is None or not hmac.compare_digest(bytes(token.secret_hash), hash_secret(secret)):
        return None
    is_here = token.site_id is None or token.site_id == site.pk
    if not is_here or token.made_by is None or not token.made_by.is_active:
        return None
    if token.last_used_at is None or now - token.last_used_at > USED_AGAIN:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_ip=ip)
    return token


def personal(user: User, site: Site) -> QuerySet[ApiToken]:
    """A user's own on a site, the newest first."""
    return _listed(ApiToken.objects.filter(kind=TokenKind.PERSONAL, made_by=user, site=site))


def of_organization(organization: Organization) -> QuerySet[ApiToken]:
    """An organization's, whoever made them."""
    return _listed(organization.api_tokens.all())


def of_site(site: Site) -> QuerySet[ApiToken]:
    """A site's own, whoever made them."""
    return _listed(ApiToken.objects.filter(kind=TokenKind.SITE, site=site))


def of_deployment() -> QuerySet[ApiToken]:
    """The operators'."""
    return _listed(ApiToken.objects.filter(kind=TokenKind.OPERATOR))


def hash_secret(secret: str) -> bytes:
    """The 32 bytes that are stored: HMAC-SHA256 of the whole token with the server's pepper."""
    pepper: bytes = settings.API_KEY_PEPPER
    return hmac.digest(pepper, b"api-token:" + secret.encode(), "sha256")


def _listed(rows: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
    return rows.filter(revoked_at=None).select_related("made_by").order_by("-created_at", "id")


def _open(rows: QuerySet[ApiToken], now: datetime) -> QuerySet[ApiToken]:
    return rows.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


def _checked_scopes(kind: TokenKind, scopes: Iterable[str]) -> list[str]:
    wanted, carried = set(scopes), {scope.value for scope in CARRIED[kind]}
    if not wanted:
        raise TokenRefused("empty", "scopes")
    unknown = wanted - carried
    if unknown:
        raise TokenRefused("unknown", "scopes", min(unknown)[:60])
    return sorted(wanted)


def _record(
    by: audit.Actor,
    action: str,
    token: ApiToken,
    *,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        by,
        action,
        token,
        site=token.site,
        organization=token.organization,
        after=after,
        reason=reason,
    )
