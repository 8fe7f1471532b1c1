"""Make and change an organization's keys, within its plan: what pages, the API and commands call.

Never shows a secret but in the answer of `create`. Rotation, disabling and revoking are
`accounts.key_rotation`'s and `accounts.api_keys`'s.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import api_keys, audit, key_terms
from accounts.api_keys import Minted
from accounts.errors import AccountsError
from accounts.key_terms import KeyTerms, KeyTermsRefused
from accounts.models import ApiKey, Organization
from billing import budgets, plans

# Keys that are not revoked: programs and people of one customer, and what a page can list.
KEYS_MAX = 2_000
_IN_PLAN = ("requests_per_minute", "tokens_per_minute", "concurrency")


class TooManyKeys(AccountsError):
    """The organization has KEYS_MAX keys that are not revoked."""

    code = "too_many_keys"


class KeyEnded(AccountsError):
    """A revoked key is not changed any more."""

    code = "key_ended"


def create(
    organization: Organization,
    terms: KeyTerms,
    *,
    by: audit.Actor,
    now: datetime | None = None,
) -> Minted:
    """A key of whoever acts. Raises KeyTermsRefused, TooManyKeys."""
    terms = _checked(organization, terms, now or timezone.now())
    with transaction.atomic():
        if organization.api_keys.filter(revoked_at=None).count() >= KEYS_MAX:
            raise TooManyKeys
        given = {name: getattr(terms, name) for name in key_terms.FIELDS}
        minted = api_keys.mint(organization, created_by=by.user, **given)
        after = audit.fields_of(minted.key, *key_terms.FIELDS)
        audit.record(by, "key.create", minted.key, organization=organization, after=after)
    return minted


def change(key: ApiKey, terms: KeyTerms, *, by: audit.Actor, now: datetime | None = None) -> ApiKey:
    """The key with other terms; of a budget that begins now, what was spent in the running period
    counts already. The same terms change nothing. Raises KeyTermsRefused, KeyEnded."""
    now = now or timezone.now()
    with transaction.atomic():
        row = api_keys.locked(key)
        if row.revoked_at is not None:
            raise KeyEnded
        old = key_terms.of_key(row)
        # An end that has passed is refused only where it is new.
        terms = _checked(row.organization, terms, now, allow_end=old.expires_at)
        if terms == old:
            return row
        before = audit.fields_of(row, *key_terms.FIELDS)
        for name in key_terms.FIELDS:
            setattr(row, name, getattr(terms, name))
        row.save(update_fields=key_terms.FIELDS)
        if terms.budget_period and terms.budget_period != old.budget_period:
            budgets.begin_key(row)
        after = audit.fields_of(row, *key_terms.FIELDS)
        audit.record(
            by, "key.change", row, organization=row.organization, before=before, after=after
        )
        api_keys.tell(row)
    return row


def _checked(
    organization: Organization,
    terms: KeyTerms,
    now: datetime,
    *,
    allow_end: datetime | None = None,
) -> KeyTerms:
    is_kept = terms.expires_at is not None and terms.expires_at == allow_end
    found = key_terms.checked(terms, now=None if is_kept else now)
    return _within_plan(organization, found)


def _within_plan(organization: Organization, terms: KeyTerms) -> KeyTerms:
    """No key is given more than the organization has; relays check both all the same."""
    limits = plans.limits_of(organization)
    for field in _IN_PLAN:
        asked: int | None = getattr(terms, field)
        most: int | None = getattr(limits, field)
        if asked is not None and most is not None and asked > most:
            raise KeyTermsRefused("above_plan", field, str(most))
    if terms.budget_nanos is not None and terms.budget_nanos > budgets.LIMIT_NANOS_MAX:
        raise KeyTermsRefused("out_of_range", "budget_nanos", str(terms.budget_nanos))
    return terms
