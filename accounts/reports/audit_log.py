"""Reads the trail of changes, newest first, a page at a time. Never writes it.

Customers see who of them did what; of the site's own people only that it was one of them.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import AuditRecord, Membership, Organization, SiteStaff, User, Via

# A screen or two; the rest is one link away.
ROWS_MAX = 50
EMPTY: tuple[object, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Change:
    """One field that a change touched; None: the side does not have it."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the trail as a page shows it."""

    record: AuditRecord
    is_staffs: bool  # by the site's or the deployment's people

    @property
    def changes(self) -> list[Change]:
        """Field by field, in the order of the names; not those that were and stay empty."""
        before, after = self.record.before or {}, self.record.after or {}
        names = sorted({**before, **after})
        found = [Change(name, before.get(name), after.get(name)) for name in names]
        return [each for each in found if each.before not in EMPTY or each.after not in EMPTY]


@dataclass(frozen=True, slots=True)
class Page:
    """`older` is the `before` of the next page; None on the last."""

    lines: list[Line]
    older: int | None


def of_organization(
    organization: Organization, *, before: int | None = None, rows_max: int = ROWS_MAX
) -> Page:
    """What happened to an organization."""
    rows = AuditRecord.objects.filter(organization=organization)
    records, older = newest(rows, before=before, rows_max=rows_max)
    staff = _staff_among(records, organization)
    lines = [Line(row, row.via == Via.COMMAND or row.actor_id in staff) for row in records]
    return Page(lines, older)


def newest(
    rows: QuerySet[AuditRecord], *, before: int | None, rows_max: int
) -> tuple[list[AuditRecord], int | None]:
    """A page of any part of the trail: its rows, and where the next page begins."""
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: rows_max + 1])
    shown = found[:rows_max]
    return shown, shown[-1].pk if len(found) > rows_max else None


def _staff_among(records: list[AuditRecord], organization: Organization) -> set[int | None]:
    """Ids of those who acted as the site's people: staff or operators who are no members."""
    actors = {row.actor_id for row in records if row.actor_id is not None}
    if not actors:
        return set()
    operators = User.objects.filter(pk__in=actors, is_operator=True).values_list("pk", flat=True)
    staff = SiteStaff.objects.filter(user__in=actors, site=organization.site_id)
    members = Membership.objects.filter(organization=organization, user__in=actors)
    found: set[int | None] = {*operators, *staff.values_list("user_id", flat=True)}
    return found - set(members.values_list("user_id", flat=True))
