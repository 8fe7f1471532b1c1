"""Finding customers, over all sites, for operators."""

import re
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.api_keys import ID_CHARS, PREFIX
from accounts.models import ApiKey, Membership, Organization
from billing import balances
from billing.balances import Balance
from billing.reports.calls import Cursor

PAGE_ROWS = 50
SEARCH_CHARS_MAX = 200
# A shorter piece of a key's id would fit many customers by chance.
KEY_PREFIX_CHARS_MIN = 4
# `sk-Ab12…9f2c` as lists mask it, or a key as it was pasted: what counts is the public id.
KEY_TEXT = re.compile(rf"(?:{PREFIX})?([0-9A-Za-z]{{{KEY_PREFIX_CHARS_MIN},{ID_CHARS}}})")


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One organization and what it has."""

    organization: Organization
    balance: Balance


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Rows, newest customers first, and where the older ones begin (None: there are none)."""

    rows: list[CustomerRow]
    older: Cursor | None


def search_text(text: str) -> str:
    """What a reader typed, as `page` takes it: bounded, without what Postgres cannot store."""
    return text.replace("\0", "").strip()[:SEARCH_CHARS_MAX]


def page(search: str, *, after: Cursor | None = None, rows_max: int = PAGE_ROWS) -> CustomerPage:
    """Organizations that fit a name, a member's e-mail, an id or the beginning of a key."""
    query = matching(search).select_related("site")
    if after:
        earlier = Q(created_at__lt=after.at) | Q(created_at=after.at, pk__lt=after.id)
        query = query.filter(earlier)
    found = list(query.order_by("-created_at", "-pk")[: rows_max + 1])
    shown = found[:rows_max]
    held = balances.read_many(shown)
    rows = [CustomerRow(organization, held[organization.pk]) for organization in shown]
    is_more = len(found) > rows_max
    return CustomerPage(rows, Cursor(shown[-1].created_at, shown[-1].pk) if is_more else None)


def matching(search: str) -> QuerySet[Organization]:
    """Organizations of every site; callers narrow them to what their reader may see."""
    if not search:
        return Organization.objects.all()
    fits = Q(name__icontains=search) | Q(pk=search)
    # Subqueries instead of joins: a row must not come once per member or key.
    members = Membership.objects.filter(user__email__icontains=search)
    fits |= Q(pk__in=members.values("organization"))
    key = KEY_TEXT.match(search)
    if key:
        fits |= Q(pk__in=ApiKey.objects.filter(pk__startswith=key[1]).values("organization"))
    return Organization.objects.filter(fits)
