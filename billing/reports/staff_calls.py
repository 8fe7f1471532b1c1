"""The log of calls of every customer, for staff: with upstream, cost and margin. Reads only.

Paged by key like a customer's own log. A filter that no index serves is given up after a while,
so that no search holds up the books.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from psycopg import errors

from accounts.models import ApiKey, Organization, Site
from billing.errors import BillingError
from billing.models import Refusal, UsageRecord
from billing.reports import calls
from billing.reports.calls import PAGE_ROWS, CallRow, Cursor

# What a person waits for, and Postgres works for, before they had better name a customer or a time.
SEARCH_MS_MAX = 5_000


class SearchTooLong(BillingError):
    """The filter fits too little of too much: it needs a customer, a key or a time."""

    code = "search_too_long"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader looks for; "" and None mean all. `status` is one, or a class such as `5xx`;
    `upstream` any that the call was tried on."""

    outcome: str = ""
    site: str = ""
    organization: str = ""
    key: str = ""
    model: str = ""
    upstream: str = ""
    status: str = ""
    id: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return self == Filters()

    @property
    def statuses(self) -> tuple[int, int] | None:
        """First and last; None: any, also for what is no status."""
        word = self.status.lower()
        if len(word) == 3 and word[:1] in "12345":
            if word[1:] == "xx":
                return int(word[0]) * 100, int(word[0]) * 100 + 99
            if word.isascii() and word.isdigit():
                return int(word), int(word)
        return None


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One line: the call as its customer sees it, and what they don't. A refused call has no
    upstream and cost nothing."""

    call: CallRow
    customer: Organization
    upstream: str = ""
    attempts: int = 0
    cost_nanos: int | None = None

    @property
    def margin_nanos(self) -> int | None:
        """Charged less cost."""
        if self.cost_nanos is None:
            return None
        return (self.call.charge_nanos or 0) - self.cost_nanos


@dataclass(frozen=True, slots=True)
class StaffPage:
    """Rows, and where the older ones begin (None: there are none)."""

    rows: list[StaffRow]
    older: Cursor | None


def page(
    filters: Filters,
    site: Site | None,
    *,
    after: Cursor | None = None,
    rows_max: int = PAGE_ROWS,
) -> StaffPage:
    """The newest calls that fit, of one site or of all, or the ones after a cursor. Three queries.

    Raises SearchTooLong.
    """
    with _bounded():
        organization = _organization_of(filters)
        if organization is None:
            return StaffPage([], None)
        records = _narrowed(_records(filters), filters, organization, site, after, at="admitted_at")
        refusals = _narrowed(_refusals(filters), filters, organization, site, after, at="at")
        rows = [_answered(each) for each in records.order_by("-admitted_at", "-pk")[: rows_max + 1]]
        rows += [_refused(each) for each in refusals.order_by("-at", "-pk")[: rows_max + 1]]
    rows.sort(key=lambda row: (row.call.at, row.call.id), reverse=True)
    shown = rows[:rows_max]
    last = shown[-1].call if len(rows) > rows_max else None
    return StaffPage(shown, Cursor(last.at, last.id) if last else None)


def find(request_id: str, site: Site | None) -> UsageRecord | Refusal | None:
    """One call by its id, answered or refused; None also for one of another site."""
    records = UsageRecord.objects.select_related("site", "organization__site", "api_key")
    refusals = Refusal.objects.select_related("organization__site", "api_key", "episode")
    if site is not None:
        records, refusals = records.filter(site=site), refusals.filter(organization__site=site)
    return records.filter(pk=request_id).first() or refusals.filter(pk=request_id).first()


@contextmanager
def _bounded() -> Iterator[None]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {SEARCH_MS_MAX:d}")
            yield
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, errors.QueryCanceled):
            raise SearchTooLong("name a customer, a key or a time") from error
        raise


def _organization_of(filters: Filters) -> str | None:
    """Whose calls to look among: a key's are its organization's, which has an index. "" for
    everybody's; None when key and organization are not each other's."""
    if not filters.key:
        return filters.organization
    owner = ApiKey.objects.filter(pk=filters.key).values_list("organization_id", flat=True).first()
    is_its = owner is not None and filters.organization in ("", owner)
    return owner if is_its else None


def _records(filters: Filters) -> QuerySet[Any]:
    rows = UsageRecord.objects.select_related("organization__site", "api_key")
    if filters.outcome == "refused":
        return rows.none()
    if filters.outcome == "ok":
        rows = rows.filter(status__gte=200, status__lt=400)
    if filters.outcome == "failed":
        rows = rows.exclude(status__gte=200, status__lt=400)
    if filters.upstream:
        tried = Q(attempts__contains=[{"upstream": filters.upstream}])
        rows = rows.filter(Q(upstream=filters.upstream) | tried)
    return rows


def _refusals(filters: Filters) -> QuerySet[Any]:
    rows = Refusal.objects.select_related("organization__site", "api_key")
    is_asked = filters.outcome in ("", "refused") and not filters.upstream
    return rows if is_asked else rows.none()


def _narrowed(
    rows: QuerySet[Any],
    filters: Filters,
    organization: str,
    site: Site | None,
    after: Cursor | None,
    *,
    at: str,
) -> QuerySet[Any]:
    """What both kinds of rows share."""
    own_site = "site" if rows.model is UsageRecord else "organization__site"
    for wanted in (site.pk if site else "", filters.site):
        if wanted:
            rows = rows.filter(**{own_site: wanted})
    if organization:
        rows = rows.filter(organization=organization)
    if filters.statuses:
        rows = rows.filter(status__range=filters.statuses)
    if filters.since:
        rows = rows.filter(**{f"{at}__gte": filters.since})
    if filters.until:
        rows = rows.filter(**{f"{at}__lt": filters.until})
    shared = calls.Filters(model=filters.model, key=filters.key, id=filters.id)
    return calls.narrowed(rows, shared, after, at=at, key="pk")


def _answered(record: UsageRecord) -> StaffRow:
    return StaffRow(
        calls.row_of_record(record),
        record.organization,
        upstream=record.upstream,
        attempts=len(record.attempts),
        cost_nanos=record.cost_nanos,
    )


def _refused(refusal: Refusal) -> StaffRow:
    return StaffRow(calls.row_of_refusal(refusal), refusal.organization)
