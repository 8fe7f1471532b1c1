"""Budgets: which an organization has, and what was spent of every budget that is running.

The gate admits against them and counts; what it counted is loaded from the books where Redis lost
it, or where a budget begins in the middle of its period. Never refuses a Call itself.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, BudgetPeriod, Organization
from accounts.signals import organization_changed
from accounts.time_zones import zone_of
from billing import connections
from billing.gate import wire
from billing.gate.errors import GateError
from billing.gate.types import BudgetSpent, Scope
from billing.models import OrganizationBudget, UsageRollup
from billing.periods import current, start_of

logger = logging.getLogger(__name__)

# Keys or organizations whose sums one query reads.
OWNERS_PER_QUERY = 5_000
LIMIT_NANOS_MAX = wire.NANOS_MAX  # what the gate can count


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """One budget of an organization and how much of it is gone; amounts in nanos."""

    period: BudgetPeriod
    limit_nanos: int
    spent_nanos: int
    ends_at: datetime | None  # None: never


@dataclass(frozen=True, slots=True)
class _Running:
    """A budget of somebody in the period that is running."""

    scope: Scope
    owner: str
    kind: str
    zone: ZoneInfo


def limits_of(organization_id: str) -> tuple[tuple[str, int], ...]:
    """Kind of period and limit in nanos of each of the organization's budgets."""
    rows = OrganizationBudget.objects.filter(organization=organization_id).order_by("period")
    return tuple(rows.values_list("period", "limit_nanos"))


def choose(
    organization: Organization,
    *,
    period: BudgetPeriod,
    limit_nanos: int,
    by: audit.Actor | None = None,
) -> None:
    """Set the budget of one kind of period; what was spent in the running one counts already.

    Idempotent; relays hear of it on commit. Raises ValueError unless it is from 1 to
    LIMIT_NANOS_MAX.
    """
    if not 0 < limit_nanos <= LIMIT_NANOS_MAX:
        raise ValueError(f"not a budget: {limit_nanos} nanos")
    rows = OrganizationBudget.objects.filter(organization=organization, period=period)
    if not rows.exists():
        zone = zone_of(organization.time_zone)
        running = _Running(Scope.ORGANIZATION, organization.pk, period, zone)
        _begin(organization.site_id, running)
    with transaction.atomic():
        before = dict(limits_of(organization.pk)).get(period)
        OrganizationBudget.objects.update_or_create(
            organization=organization, period=period, defaults={"limit_nanos": limit_nanos}
        )
        if before != limit_nanos:
            _record(by, organization, period, before, limit_nanos)
        _tell(organization)


def remove(
    organization: Organization, period: BudgetPeriod, *, by: audit.Actor | None = None
) -> None:
    """Take the budget of one kind of period away. Idempotent; relays hear of it on commit."""
    with transaction.atomic():
        before = dict(limits_of(organization.pk)).get(period)
        OrganizationBudget.objects.filter(organization=organization, period=period).delete()
        if before is not None:
            _record(by, organization, period, before, None)
        _tell(organization)


def read(organization: Organization) -> list[BudgetUse]:
    """The organization's budgets, the shortest period first; spent as the gate counts it, with the
    gate out of reach as the books do."""
    limits, now = dict(limits_of(organization.pk)), timezone.now()
    kinds = [each for each in BudgetPeriod if each in limits]
    zone = zone_of(organization.time_zone)
    running = [_Running(Scope.ORGANIZATION, organization.pk, kind, zone) for kind in kinds]
    spent = _read_gate(organization.site_id, running, now) if running else []
    uses = []
    for kind, each, spent_nanos in zip(kinds, running, spent, strict=True):
        uses.append(BudgetUse(kind, limits[kind], spent_nanos, _ends_at(each, now)))
    return uses


def read_keys(site_id: str, keys: Iterable[ApiKey]) -> dict[str, BudgetUse]:
    """By id, of the keys among these that have a budget; as `read`. Their organizations must be
    loaded."""
    now = timezone.now()
    limited = [key for key in keys if key.budget_nanos]
    running = [
        _Running(Scope.KEY, key.pk, key.budget_period, zone_of(key.organization.time_zone))
        for key in limited
    ]
    spent = _read_gate(site_id, running, now) if running else []
    return {
        key.pk: BudgetUse(
            BudgetPeriod(each.kind), key.budget_nanos or 0, spent_nanos, _ends_at(each, now)
        )
        for key, each, spent_nanos in zip(limited, running, spent, strict=True)
    }


def _ends_at(running: _Running, now: datetime) -> datetime | None:
    ends_at_ms = current(running.kind, running.zone, now).ends_at_ms
    return datetime.fromtimestamp(ends_at_ms // 1000, UTC) if ends_at_ms else None


def spent_on(site_id: str) -> Iterator[BudgetSpent]:
    """What the books say was spent of every running budget of a site's keys and organizations."""
    keys = ApiKey.objects.filter(organization__site=site_id, budget_nanos__isnull=False)
    budgets = OrganizationBudget.objects.filter(organization__site=site_id)
    running = [
        _Running(Scope.KEY, owner, kind, zone_of(zone))
        for owner, kind, zone in keys.values_list("pk", "budget_period", "organization__time_zone")
    ]
    running += [
        _Running(Scope.ORGANIZATION, owner, kind, zone_of(zone))
        for owner, kind, zone in budgets.values_list(
            "organization_id", "period", "organization__time_zone"
        )
    ]
    yield from _spent(running, timezone.now())


def begin_key(key: ApiKey) -> None:
    """Let what a key has spent in the running period count in the budget that it gets now."""
    organization = key.organization
    zone = zone_of(organization.time_zone)
    _begin(organization.site_id, _Running(Scope.KEY, key.pk, key.budget_period, zone))


def _begin(site_id: str, running: _Running) -> None:
    (spent,) = _spent([running], timezone.now())
    try:
        connections.steward().set_spent(site_id, spent)
    except GateError as error:
        logger.warning("a budget of %s begins at zero: %s", running.owner, error)


def _record(
    by: audit.Actor | None,
    organization: Organization,
    period: str,
    before: int | None,
    after: int | None,
) -> None:
    if by is None:
        return
    audit.record(
        by,
        "budget.remove" if after is None else "budget.set",
        organization,
        organization=organization,
        before={f"{period}_nanos": before},
        after={f"{period}_nanos": after},
    )


def _tell(organization: Organization) -> None:
    transaction.on_commit(
        lambda: organization_changed.send_robust(sender=Organization, organization=organization),
        robust=True,
    )


def _read_gate(site_id: str, running: list[_Running], now: datetime) -> list[int]:
    names = [(each.scope, each.owner, current(each.kind, each.zone, now).name) for each in running]
    try:
        return connections.steward().read_spent(site_id, names)
    except GateError:
        found = {(each.scope, each.owner, each.period): each for each in _spent(running, now)}
        return [found[name].spent_nanos for name in names]


def _spent(running: Iterable[_Running], now: datetime) -> Iterator[BudgetSpent]:
    """In the order of `running` within each owner's scope and period start."""
    groups: dict[tuple[Scope, datetime | None], list[_Running]] = defaultdict(list)
    for each in running:
        groups[each.scope, start_of(each.kind, each.zone, now)].append(each)
    for (scope, start), members in groups.items():
        for at in range(0, len(members), OWNERS_PER_QUERY):
            chunk = members[at : at + OWNERS_PER_QUERY]
            sums = _sums(scope, [each.owner for each in chunk], start)
            for each in chunk:
                period = current(each.kind, each.zone, now)
                spent_nanos = min(sums.get(each.owner, 0), wire.LIMIT_NANOS_MAX)
                yield BudgetSpent(scope, each.owner, period.name, spent_nanos, period.ends_at_ms)


def _sums(scope: Scope, owners: list[str], start: datetime | None) -> dict[str, int]:
    """Charges by owner since `start`, which lies on a quarter of an hour in every time zone."""
    owner = "api_key" if scope is Scope.KEY else "organization_id"
    rows = UsageRollup.objects.filter(**{f"{owner}__in": owners})
    if scope is Scope.KEY:
        # The index begins with the organization; by keys alone every rollup would be read.
        keys = ApiKey.objects.filter(pk__in=owners)
        rows = rows.filter(organization__in=keys.values("organization"))
    if start is not None:
        rows = rows.filter(start__gte=start)
    # The gate counts what a Call cost, also what nobody could pay.
    nanos = Sum(F("charge_nanos") + F("written_off_nanos"))
    return {row: int(total) for row, total in rows.values_list(owner).annotate(nanos=nanos)}
