"""The log of an organization's calls, answered and refused ones in one order, newest first.

Paged by key (time, id): no page counts or skips rows, whatever the size of the log.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from accounts.models import ApiKey, Organization
from billing.models import Refusal, UsageRecord, UsageRollup
from billing.reports import days

PAGE_ROWS = 50
# An id is at most 40 characters; a longer search text can match nothing.
SEARCH_CHARS_MAX = 200
QUARTER = timedelta(minutes=15)  # of a UsageRollup


@dataclass(frozen=True, slots=True)
class CallRow:
    """One line of the log. `charge_nanos` is None where nothing was ever owed: a refused call."""

    id: str
    at: datetime
    status: int
    code: str
    rule: str
    model: str
    key: ApiKey | None
    is_refused: bool
    multiplier: int = 1
    input_tokens: int | None = None
    output_tokens: int | None = None
    charge_nanos: int | None = None
    first_byte_ms: int | None = None
    duration_ms: int | None = None
    is_stream: bool = False
    is_estimated: bool = False
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader asked to see; "" and None mean all."""

    outcome: str = ""
    model: str = ""
    key: str = ""
    id: str = ""
    day: date | None = None

    @property
    def is_empty(self) -> bool:
        return self == Filters()

    @property
    def is_narrow(self) -> bool:
        """Whether what fits may be rare among an organization's records."""
        return bool(self.model or self.key or self.outcome == "failed") and not self.id


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page; the next page starts after it."""

    at: datetime
    id: str

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and where the older ones begin (None: there are none)."""

    rows: list[CallRow]
    older: Cursor | None


def parse_cursor(text: str) -> Cursor | None:
    """The cursor that `str()` of one gave; None for anything else."""
    moment, _, row_id = text.partition("~")
    try:
        at = parse_datetime(moment)
    except ValueError:
        return None
    return Cursor(at, row_id) if at is not None and at.tzinfo and row_id else None


def page(
    organization: Organization,
    filters: Filters = Filters(),
    *,
    after: Cursor | None = None,
    rows_max: int = PAGE_ROWS,
) -> Page:
    """The newest `rows_max` calls that fit, or the ones after a cursor. Two queries."""
    rows = answered(organization, filters, after, rows_max) + refused(
        organization, filters, after, rows_max
    )
    rows.sort(key=lambda row: (row.at, row.id), reverse=True)
    shown = rows[:rows_max]
    older = Cursor(shown[-1].at, shown[-1].id) if len(rows) > rows_max else None
    return Page(shown, older)


def answered(
    organization: Organization, filters: Filters, after: Cursor | None, rows_max: int
) -> list[CallRow]:
    """Calls that were admitted, whatever became of them."""
    if filters.outcome == "refused":
        return []
    query = UsageRecord.objects.filter(organization=organization).select_related("api_key")
    query = narrowed(query, filters, after, at="admitted_at", key="request_id")
    query = ended_so(query, filters)
    if filters.is_narrow:
        spans = quarters(organization, filters, after, rows_max + 1)
        if not spans:
            return []
        query = query.filter(reduce(or_, spans))
    return [row_of_record(r) for r in query.order_by("-admitted_at", "-request_id")[: rows_max + 1]]


def ended_so(rows: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    """Those that went well, or did not, if that is asked for: of records and of their sums."""
    if filters.outcome == "ok":
        return rows.filter(status__gte=200, status__lt=400)
    if filters.outcome == "failed":
        return rows.exclude(status__gte=200, status__lt=400)
    return rows


def quarters(
    organization: Organization, filters: Filters, after: Cursor | None, rows_max: int
) -> list[Q]:
    """The quarters of an hour in which the newest `rows_max` Calls that fit must be, from the sums.

    Where few fit, reading every record to find them takes minutes of a customer with millions;
    the index of the sums holds all that is asked for here.
    """
    # A late settle may leave a row of no calls behind.
    sums = UsageRollup.objects.filter(organization=organization, calls__gt=0)
    if filters.model:
        sums = sums.filter(model=filters.model)
    if filters.key:
        sums = sums.filter(api_key=filters.key)
    sums = ended_so(sums, filters)
    if filters.day:
        end = days.start_of(filters.day + timedelta(days=1))
        sums = sums.filter(start__gte=days.start_of(filters.day), start__lt=end)
    if after:
        sums = sums.filter(start__lte=after.at)
    starts = sums.order_by("-start").values_list("start", flat=True).distinct()[:rows_max]
    return [Q(admitted_at__gte=start, admitted_at__lt=start + QUARTER) for start in starts]


def refused(
    organization: Organization, filters: Filters, after: Cursor | None, rows_max: int
) -> list[CallRow]:
    """Calls that were turned away, or samples that stand for several of them."""
    if filters.outcome not in ("", "refused"):
        return []
    query = Refusal.objects.filter(organization=organization).select_related("api_key")
    query = narrowed(query, filters, after, at="at", key="id")
    return [row_of_refusal(r) for r in query.order_by("-at", "-id")[: rows_max + 1]]


def narrowed(
    query: QuerySet[Any], filters: Filters, after: Cursor | None, *, at: str, key: str
) -> QuerySet[Any]:
    """The filters and the cursor that both kinds of rows share."""
    if filters.model:
        query = query.filter(model=filters.model)
    if filters.key:
        query = query.filter(api_key_id=filters.key)
    if filters.id:
        query = query.filter(**{key: filters.id})
    if filters.day:
        end = days.start_of(filters.day + timedelta(days=1))
        query = query.filter(**{f"{at}__gte": days.start_of(filters.day), f"{at}__lt": end})
    if after:
        # The first condition bounds the index scan, the second breaks ties inside an instant.
        earlier = Q(**{f"{at}__lt": after.at}) | Q(**{f"{key}__lt": after.id})
        query = query.filter(earlier, **{f"{at}__lte": after.at})
    return query


def row_of_record(record: UsageRecord) -> CallRow:
    return CallRow(
        id=record.request_id,
        at=record.admitted_at,
        status=record.status,
        code=record.error_code,
        rule="",
        model=record.model,
        key=record.api_key,
        is_refused=False,
        input_tokens=record.input_tokens + record.cached_input_tokens,
        output_tokens=record.output_tokens,
        charge_nanos=record.charge_nanos,
        first_byte_ms=record.first_byte_ms,
        duration_ms=record.duration_ms,
        is_stream=record.is_stream,
        is_estimated=record.is_estimated,
        ending=record.get_ending_display() if record.ending != "completed" else "",
    )


def row_of_refusal(refusal: Refusal) -> CallRow:
    return CallRow(
        id=refusal.id,
        at=refusal.at,
        status=refusal.status,
        code=refusal.code,
        rule=refusal.rule,
        model=refusal.model,
        key=refusal.api_key,
        is_refused=True,
        multiplier=refusal.multiplier,
    )
