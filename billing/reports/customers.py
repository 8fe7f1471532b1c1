"""Finding customers, on one site or all, for staff: what each has, spends and brings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet

from accounts.api_keys import ID_CHARS, PREFIX
from accounts.models import ApiKey, CustomerTag, Membership, Organization, Site
from billing import balances
from billing.balances import Balance
from billing.models import Refusal, UsageRecord
from billing.reports import day_sums, days
from billing.reports.calls import Cursor

PAGE_ROWS = 50
SEARCH_CHARS_MAX = 200
# What "lately" means in a list of customers.
SPEND_DAYS = 30
# A shorter piece of a key's id would fit many customers by chance.
KEY_PREFIX_CHARS_MIN = 4
# `sk-Ab12…9f2c` as lists mask it, or a key as it was pasted: what counts is the public id.
KEY_TEXT = re.compile(rf"(?:{PREFIX})?([0-9A-Za-z]{{{KEY_PREFIX_CHARS_MIN},{ID_CHARS}}})")
TAG_SIGN = "#"


@dataclass(frozen=True, slots=True)
class Lately:
    """The last SPEND_DAYS of a customer."""

    charged_nanos: int = 0
    cost_nanos: int = 0

    @property
    def margin_nanos(self) -> int:
        return self.charged_nanos - self.cost_nanos


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One organization, what it has and what it brought."""

    organization: Organization
    balance: Balance
    lately: Lately
    seen_at: datetime | None  # the last page of a member, or the quarter of an hour of a call
    tags: list[str]


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Rows, newest customers first, and where the older ones begin (None: there are none)."""

    rows: list[CustomerRow]
    older: Cursor | None


def search_text(text: str) -> str:
    """What a reader typed, as `page` takes it: bounded, without what Postgres cannot store."""
    return text.replace("\0", "").strip()[:SEARCH_CHARS_MAX]


def page(
    search: str,
    *,
    site: Site | None = None,
    after: Cursor | None = None,
    rows_max: int = PAGE_ROWS,
) -> CustomerPage:
    """Organizations that fit a name, a member's e-mail, an id, the beginning of a key, the id of a
    request, or a `#tag`; with `site` only its own."""
    query = matching(search).select_related("site")
    if site is not None:
        query = query.filter(site=site)
    if after:
        earlier = Q(created_at__lt=after.at) | Q(created_at=after.at, pk__lt=after.id)
        query = query.filter(earlier)
    found = list(query.order_by("-created_at", "-pk")[: rows_max + 1])
    shown = found[:rows_max]
    is_more = len(found) > rows_max
    return CustomerPage(
        _rows(shown), Cursor(shown[-1].created_at, shown[-1].pk) if is_more else None
    )


def lately(ids: Sequence[str]) -> dict[str, tuple[Lately, datetime | None]]:
    """What each of a few customers brought in the last SPEND_DAYS days, and the last quarter of an
    hour with a call of theirs in that time."""
    rows = day_sums.of_many(ids, days.last(SPEND_DAYS)[0])
    return {key: (Lately(int(charged), int(cost)), last) for key, charged, cost, last in rows}


def _rows(shown: list[Organization]) -> list[CustomerRow]:
    ids = [row.pk for row in shown]
    held, brought = balances.read_many(shown), lately(ids)
    members = Membership.objects.filter(organization__in=ids).values_list("organization_id")
    active = dict(members.annotate(last=Max("last_active_at")))
    tags: dict[str, list[str]] = {}
    for tag in CustomerTag.objects.filter(organization__in=ids).order_by("name"):
        tags.setdefault(tag.organization_id, []).append(tag.name)
    found = []
    for row in shown:
        sums, called_at = brought.get(row.pk, (Lately(), None))
        seen = [at for at in (active.get(row.pk), called_at) if at is not None]
        found.append(
            CustomerRow(row, held[row.pk], sums, max(seen, default=None), tags.get(row.pk, []))
        )
    return found


def matching(search: str) -> QuerySet[Organization]:
    """Organizations of every site; callers narrow them to what their reader may see."""
    if not search:
        return Organization.objects.all()
    if search.startswith(TAG_SIGN):
        tags = CustomerTag.objects.filter(name=search.removeprefix(TAG_SIGN).lower())
        return Organization.objects.filter(pk__in=tags.values("organization"))
    fits = Q(name__icontains=search) | Q(pk=search)
    # Subqueries instead of joins: a row must not come once per member or key.
    members = Membership.objects.filter(user__email__icontains=search)
    fits |= Q(pk__in=members.values("organization"))
    key = KEY_TEXT.match(search)
    if key:
        fits |= Q(pk__in=ApiKey.objects.filter(pk__startswith=key[1]).values("organization"))
    caller = _caller_of(search)
    return Organization.objects.filter(fits | Q(pk=caller) if caller else fits)


def _caller_of(request_id: str) -> str | None:
    """Whose Call it was, answered or refused."""
    for rows in (UsageRecord.objects.filter(pk=request_id), Refusal.objects.filter(pk=request_id)):
        found = rows.values_list("organization_id", flat=True).first()
        if found:
            return found
    return None
