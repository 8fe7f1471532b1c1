"""Accounts: what the books say of a caller's key, balance and Calls."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum
from django.utils import timezone

from accounts.models import ApiKey, BudgetPeriod, Organization
from accounts.time_zones import zone_of
from billing import balances, budgets
from billing.models import UsageRecord, UsageRollup
from billing.periods import current, start_of
from relay.adapters.postgres import asked
from relay.proxy.account import Credits, Generation, KeyFacts, Spending
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Caller

_PERIODS = (BudgetPeriod.DAY, BudgetPeriod.WEEK, BudgetPeriod.MONTH)


class Books:
    """Implements the proxy's Accounts."""

    async def key(self, caller: Caller) -> KeyFacts:
        """See `Accounts.key`."""
        return await asked(_key)(caller.key_id, timezone.now())

    async def credits(self, caller: Caller) -> Credits:
        """See `Accounts.credits`."""
        return await asked(_credits)(caller.organization_id)

    async def generation(self, caller: Caller, request_id: str) -> Generation:
        """See `Accounts.generation`."""
        found = await asked(_generation)(caller.organization_id, request_id)
        if found is None:
            raise ApiError(Cause.OBJECT_NOT_FOUND, param="id", detail=request_id)
        return found

    async def used_nanos(self, caller: Caller, start: date | None, end: date | None) -> int:
        """See `Accounts.used_nanos`."""
        return await asked(_used_between)(caller.organization_id, start, end)


def _key(key_id: str, now: datetime) -> KeyFacts:
    key = ApiKey.objects.select_related("organization").get(pk=key_id)
    zone = zone_of(key.organization.time_zone)
    used = _used_by_key(key, zone, now)
    return KeyFacts(
        label=key.masked,
        name=key.name,
        expires_at=int(key.expires_at.timestamp()) if key.expires_at else None,
        requests_per_minute=key.requests_per_minute,
        tokens_per_minute=key.tokens_per_minute,
        concurrency=key.concurrency,
        budgets=tuple(_spendings(key, zone, used, now)),
        used_nanos=used[BudgetPeriod.TOTAL],
        used_today_nanos=used[BudgetPeriod.DAY],
        used_this_week_nanos=used[BudgetPeriod.WEEK],
        used_this_month_nanos=used[BudgetPeriod.MONTH],
    )


def _used_by_key(key: ApiKey, zone: ZoneInfo, now: datetime) -> dict[str, int]:
    """By kind of period, from the sums of posted Calls."""
    sums = {
        kind.value: Sum("charge_nanos", filter=Q(start__gte=start_of(kind, zone, now)), default=0)
        for kind in _PERIODS
    }
    rows = UsageRollup.objects.filter(organization=key.organization_id, api_key=key.pk)
    found = rows.aggregate(total=Sum("charge_nanos", default=0), **sums)
    return {kind: int(nanos) for kind, nanos in found.items()}


def _spendings(
    key: ApiKey, zone: ZoneInfo, used: dict[str, int], now: datetime
) -> Iterator[Spending]:
    if key.budget_nanos is not None:
        period = current(key.budget_period, zone, now)
        resets_at = period.ends_at_ms // 1000 or None
        spent = used[key.budget_period]
        yield Spending("key", key.budget_period, key.budget_nanos, spent, resets_at)
    for use in budgets.read(key.organization):
        ends_at = int(use.ends_at.timestamp()) if use.ends_at else None
        yield Spending("organization", use.period.value, use.limit_nanos, use.spent_nanos, ends_at)


def _credits(organization_id: str) -> Credits:
    organization = Organization.objects.select_related("site").get(pk=organization_id)
    used_nanos = _used_between(organization_id, None, None)
    posted_nanos = balances.read(organization).posted_nanos
    return Credits(posted_nanos, used_nanos, organization.site.currency)


def _generation(organization_id: str, request_id: str) -> Generation | None:
    row = UsageRecord.objects.filter(organization=organization_id, pk=request_id).first()
    if row is None:
        return None
    return Generation(
        id=row.request_id,
        endpoint=row.endpoint,
        model=row.model,
        created_at=row.admitted_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        is_stream=row.is_stream,
        is_estimated=row.is_estimated,
        ending=row.ending,
        status=row.status,
        charge_nanos=row.charge_nanos,
        prompt_tokens=row.input_tokens + row.cached_input_tokens,
        cached_tokens=row.cached_input_tokens,
        output_tokens=row.output_tokens,
        reasoning_tokens=row.reasoning_tokens,
        first_byte_ms=row.first_byte_ms,
        duration_ms=row.duration_ms,
    )


def _used_between(organization_id: str, start: date | None, end: date | None) -> int:
    """In UTC days; `end` itself is not counted."""
    rows = UsageRollup.objects.filter(organization=organization_id)
    if start is not None:
        rows = rows.filter(start__gte=_midnight(start))
    if end is not None:
        rows = rows.filter(start__lt=_midnight(end))
    return int(rows.aggregate(nanos=Sum("charge_nanos", default=0))["nanos"])


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
