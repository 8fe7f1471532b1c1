"""Make codes that are worth money, withdraw them, and credit whoever redeems one, exactly once.

Three things keep a code from paying twice: its row is locked, a unique row lets an organization
have one of a batch, and the ledger takes each code's name once. Never stores a code in clear.
"""

import hmac
import re
import secrets
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts import audit
from accounts.models import Organization, Site
from billing import credits
from billing.errors import BillingError
from billing.ledger import TransactionKind
from billing.models import RedeemBatch, RedeemCode
from billing.models.redeem_codes import new_batch_slug
from billing.money import format_nanos

# Crockford's base32: what looks alike is one character. 20 of them are 100 random bits, which no
# throttled guessing finds among any number of codes.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_CHARS, GROUP_CHARS = 20, 5
ALIKE = str.maketrans("OIL", "011")
PREFIX = re.compile(r"[A-Z0-9]{0,8}")
# One spreadsheet, one answer of some hundred kilobytes.
COUNT_MAX = 10_000
NAME_CHARS_MAX = 100  # the column's
# A pasted code with anything around it; longer is none.
TEXT_CHARS_MAX = 64


class CodeError(BillingError):
    """Nothing is credited."""

    code = "code_refused"


class BatchRefused(CodeError):
    """Such codes are not made."""

    code = "batch_refused"


class UnknownCode(CodeError):
    """No such code here, or one that expired or was withdrawn: a guesser does not learn which."""

    code = "code_unknown"


class CodeUsed(CodeError):
    """Somebody redeemed it before."""

    code = "code_used"


class OnePerOrganization(CodeError):
    """The organization had another code of the batch."""

    code = "code_one_per_organization"


class Made(NamedTuple):
    """A batch and, this once, its codes."""

    batch: RedeemBatch
    codes: list[str]


def create(
    site: Site,
    *,
    name: str,
    amount_nanos: int,
    count: int,
    by: audit.Actor,
    prefix: str = "",
    expires_at: datetime | None = None,
    slug: str = "",
) -> Made:
    """Make codes worth `amount_nanos` each. `slug` is the batch's id in the catalog file, found
    for it where none is given. Raises BatchRefused, CreditRefused."""
    credits.check_amount(amount_nanos)
    clean = name.replace("\0", "").strip()
    is_past = expires_at is not None and expires_at <= timezone.now()
    if not 0 < len(clean) <= NAME_CHARS_MAX or not 0 < count <= COUNT_MAX or is_past:
        raise BatchRefused(f"a batch has a name, 1 to {COUNT_MAX} codes and ends in the future")
    if not PREFIX.fullmatch(prefix):
        raise BatchRefused("a prefix has up to 8 letters and digits")
    codes = [_new_code(prefix) for _ in range(count)]
    with transaction.atomic():
        batch = RedeemBatch.objects.create(
            site=site,
            slug=slug or new_batch_slug(),
            name=clean,
            prefix=prefix,
            amount_nanos=amount_nanos,
            expires_at=expires_at,
            created_by=by.user,
        )
        RedeemCode.objects.bulk_create(
            [RedeemCode(batch=batch, code_hash=hash_code(c), last_four=c[-4:]) for c in codes],
            batch_size=1_000,
        )
        amount = f"{format_nanos(amount_nanos)} {site.currency}"
        after = {"amount": amount, "count": count, "expires_at": str(expires_at or "")}
        audit.record(by, "codes.create", batch, site=site, after=after)
    return Made(batch, codes)


def counted(batches: "QuerySet[RedeemBatch]") -> "QuerySet[RedeemBatch]":
    """The same, each with how many codes were `made` and how many are `used`. By subquery: only
    those of the batches that are read are counted."""
    codes = RedeemCode.objects.filter(batch=OuterRef("pk")).values("batch")
    return batches.annotate(
        made=Subquery(codes.annotate(count=Count("pk")).values("count")),
        used=Subquery(codes.annotate(count=Count("organization")).values("count")),
    )


@transaction.atomic
def withdraw(batch: RedeemBatch, *, by: audit.Actor, reason: str = "") -> None:
    """Let nobody redeem its codes any more; what was redeemed stays. Repeating it changes
    nothing."""
    rows = RedeemBatch.objects.filter(pk=batch.pk, withdrawn_at=None)
    if rows.update(withdrawn_at=timezone.now()):
        audit.record(by, "codes.withdraw", batch, site=batch.site, reason=reason)


def redeem(organization: Organization, text: str, *, by: audit.Actor) -> int:
    """Credit a code's worth in nanos to the organization.

    Raises UnknownCode, CodeUsed, OnePerOrganization; nothing is booked then.
    """
    try:
        with transaction.atomic():
            return _redeem(organization, text, by)
    except IntegrityError as error:
        raise OnePerOrganization from error


def _redeem(organization: Organization, text: str, by: audit.Actor) -> int:
    now = timezone.now()
    rows = RedeemCode.objects.select_related("batch").select_for_update(of=("self",))
    row = rows.filter(code_hash=hash_code(text), batch__site=organization.site_id).first()
    if row is None or row.batch.withdrawn_at is not None:
        raise UnknownCode
    if row.batch.expires_at is not None and row.batch.expires_at <= now:
        raise UnknownCode
    if row.organization_id is not None:
        raise CodeUsed
    row.organization, row.redeemed_at = organization, now
    row.save(update_fields=["organization", "redeemed_at"])
    credits.top_up(
        organization,
        amount_nanos=row.batch.amount_nanos,
        reason=row.batch.name,
        external_id=f"code:{row.pk}",
        actor=by.user,
        kind=TransactionKind.REDEEM_CODE,
    )
    amount = f"{format_nanos(row.batch.amount_nanos)} {organization.site.currency}"
    after = {"amount": amount, "batch": row.batch.name}
    audit.record(by, "code.redeem", row, organization=organization, after=after)
    return row.batch.amount_nanos


def hash_code(text: str) -> bytes:
    """The 32 bytes that are stored, of a code however it was typed."""
    clean = re.sub(r"[^0-9A-Z]", "", text[:TEXT_CHARS_MAX].upper()).translate(ALIKE)
    pepper: bytes = settings.API_KEY_PEPPER
    return hmac.digest(pepper, b"redeem:" + clean.encode(), "sha256")


def _new_code(prefix: str) -> str:
    """`PREFIX-XXXXX-XXXXX-XXXXX-XXXXX`."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARS))
    groups = [drawn[at : at + GROUP_CHARS] for at in range(0, RANDOM_CHARS, GROUP_CHARS)]
    return "-".join([prefix, *groups] if prefix else groups)
