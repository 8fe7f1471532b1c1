"""Finds rows of the trail for staff: of one site, or of the whole deployment. Never writes.

A site's staff see that the deployment's operators did something there, not who of them from where.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import AuditRecord, Site, SiteStaff, User, Via
from accounts.reports.audit_log import ROWS_MAX, Line, Page, newest

TEXT_CHARS_MAX = 254  # the columns'
# What a spreadsheet still opens at ease; a longer trail is taken month by month.
CSV_ROWS_MAX = 10_000
CSV_BATCH_ROWS = 1_000
# Ids follow time but for what the clocks of servers differ, and transactions overlap.
CLOCKS_APART = timedelta(hours=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader looks for; empty: anything. `until` is the last day that counts."""

    actor: str = ""
    action: str = ""
    target: str = ""
    organization: str = ""
    request_id: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_empty(self) -> bool:
        return self == Filters()


def find(filters: Filters, site: Site | None) -> QuerySet[AuditRecord]:
    """The rows of `site` that fit; of everything with None. Days are the active time zone's."""
    rows = AuditRecord.objects.select_related("organization", "site")
    if site is not None:
        rows = rows.filter(site=site)
    if filters.actor:
        actor = User.objects.filter(email=filters.actor.lower()).first()
        rows = rows.filter(Q(actor=actor) if actor else Q(actor_name=filters.actor))
    if filters.action:
        rows = rows.filter(action__startswith=filters.action)
    if filters.target:
        rows = rows.filter(target_id=filters.target)
    if filters.organization:
        rows = rows.filter(organization=filters.organization)
    if filters.request_id:
        rows = rows.filter(request_id=filters.request_id)
    if filters.since:
        rows = _since(rows, _midnight(filters.since))
    if filters.until and filters.until < date.max:
        rows = _until(rows, _midnight(filters.until + timedelta(days=1)))
    return rows


def _since(rows: QuerySet[AuditRecord], start: datetime) -> QuerySet[AuditRecord]:
    """Pages go by id: the id at which the day began spares them all that is older."""
    early = max(start, EARLIEST) - CLOCKS_APART
    first = AuditRecord.objects.filter(at__gte=early).order_by("at").values("pk")[:1]
    return rows.filter(at__gte=start, pk__gte=Subquery(first))


def _until(rows: QuerySet[AuditRecord], end: datetime) -> QuerySet[AuditRecord]:
    last = AuditRecord.objects.filter(at__lt=end + CLOCKS_APART).order_by("-at").values("pk")[:1]
    return rows.filter(at__lt=end, pk__lte=Subquery(last))


def page(
    filters: Filters, site: Site | None, *, before: int | None = None, rows_max: int = ROWS_MAX
) -> Page:
    """The newest that fit, or what is older than row `before`."""
    records, older = newest(find(filters, site), before=before, rows_max=rows_max)
    return Page(_lines(records, site), older)


def lines(filters: Filters, site: Site | None) -> Iterator[Line]:
    """Everything that fits, newest first, at most CSV_ROWS_MAX, read in batches."""
    before: int | None = None
    for _ in range(CSV_ROWS_MAX // CSV_BATCH_ROWS):
        found = page(filters, site, before=before, rows_max=CSV_BATCH_ROWS)
        yield from found.lines
        if found.older is None:
            return
        before = found.older


def _lines(records: list[AuditRecord], site: Site | None) -> list[Line]:
    if site is None:
        return [Line(row, is_staffs=False) for row in records]
    operators = _operators_among(records, site)
    return [Line(row, row.via == Via.COMMAND or row.actor_id in operators) for row in records]


def _operators_among(records: list[AuditRecord], site: Site) -> set[int | None]:
    """Those who run the deployment and are not the site's own staff."""
    actors = {row.actor_id for row in records if row.actor_id is not None}
    operators = User.objects.filter(pk__in=actors, is_operator=True).values_list("pk", flat=True)
    staff = SiteStaff.objects.filter(site=site, user__in=actors).values_list("user_id", flat=True)
    found: set[int | None] = {*operators}
    return found - set(staff)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
