"""Keys as their pages show them: state, what is used of each limit now, why one is refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import ApiKey, AuditRecord, KeyAddress, Organization, User
from billing import budgets, connections
from billing.budgets import BudgetUse
from billing.gate.errors import GateError
from billing.gate.types import RateUse, Scope
from billing.models import BlockEpisode, Refusal
from billing.reports import blocks, day_sums, days, spend

# A list, not an archive: the newest are shown, the filter finds the rest.
KEYS_MAX = 200
SEARCH_CHARS_MAX = 100
REFUSAL_DAYS = 30
RULES_MAX = 20
ADDRESSES_MAX = 20
TRAIL_MAX = 30
STATES = ("active", "disabled", "expired", "revoked")
KEY_BUDGET = "key_budget_exceeded"


@dataclass(frozen=True, slots=True)
class Filters:
    """Of the list. `state` "": all that are not revoked; `creator` is a user's id."""

    state: str = ""
    creator: str = ""
    text: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.state or self.creator or self.text)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key with its state and what it has spent; amounts in nanos."""

    key: ApiKey
    state: str
    today_nanos: int
    month_nanos: int
    budget: BudgetUse | None
    rates: RateUse | None  # None: it has no such limit, or the gate is out of reach
    episode: BlockEpisode | None

    @property
    def is_budget_spent(self) -> bool:
        """Whether its own budget stops it now."""
        if self.budget is not None and self.budget.spent_nanos >= self.budget.limit_nanos:
            return True
        return self.episode is not None and self.episode.code == KEY_BUDGET

    @property
    def is_refused(self) -> bool:
        """Whether calls with it are refused now, or were a moment ago."""
        return self.is_budget_spent or self.episode is not None

    @property
    def budget_status(self) -> int:
        """The status that calls beyond the budget get."""
        is_told = self.episode is not None and self.episode.code == KEY_BUDGET
        return self.episode.status if is_told and self.episode else 402

    @property
    def has_limits(self) -> bool:
        key = self.key
        limits = (key.budget_nanos, key.requests_per_minute, key.tokens_per_minute, key.concurrency)
        lists = (key.allowed_models, key.allowed_endpoints, key.allowed_networks)
        return any(limits) or any(lists)


def state_of(key: ApiKey) -> str:
    """active, disabled, expired or revoked; the later word wins."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= timezone.now():
        return "expired"
    return "active" if key.is_active else "disabled"


def narrowed(keys: QuerySet[ApiKey], filters: Filters) -> QuerySet[ApiKey]:
    """Those that a filter leaves, the newest first."""
    keys = _in_state(keys, filters.state)
    if filters.creator:
        keys = keys.filter(created_by=int(filters.creator))
    if filters.text:
        text = filters.text.removeprefix("sk-")
        keys = keys.filter(
            Q(name__icontains=filters.text) | Q(pk__startswith=text[:12]) | Q(last_four=text[-4:])
        )
    return keys.select_related("created_by", "organization").order_by("-created_at")


def _in_state(keys: QuerySet[ApiKey], state: str) -> QuerySet[ApiKey]:
    if state == "revoked":
        return keys.filter(revoked_at__isnull=False)
    keys, has_ended = keys.filter(revoked_at=None), Q(expires_at__lte=timezone.now())
    if state == "expired":
        return keys.filter(has_ended)
    if state in ("active", "disabled"):
        return keys.exclude(has_ended).filter(is_active=state == "active")
    return keys


def creators(keys: QuerySet[ApiKey]) -> list[User]:
    """Who made these keys, by address."""
    makers = keys.filter(created_by__isnull=False).values("created_by")
    return list(User.objects.filter(pk__in=makers).order_by("email")[:KEYS_MAX])


def rows(
    organization: Organization,
    keys: Iterable[ApiKey],
    *,
    spent: Mapping[str, tuple[int, int]] | None = None,
) -> list[KeyRow]:
    """Keys of one organization with what their list says; `spent` is nanos today and this month by
    key, where that is known already. Two queries and two looks at the gate."""
    found = list(keys)
    if spent is None:
        spent = spend.by_key_today_and_month(organization)
    episodes = blocks.by_key(organization)
    used = budgets.read_keys(organization.site_id, found)
    rates = rates_of(organization.site_id, found)
    return [
        KeyRow(
            key=key,
            state=state_of(key),
            today_nanos=spent[key.pk][0],
            month_nanos=spent[key.pk][1],
            budget=used.get(key.pk),
            rates=rates.get(key.pk),
            episode=episodes.get(key.pk),
        )
        for key in found
    ]


def rates_of(site_id: str, keys: Iterable[ApiKey]) -> dict[str, RateUse]:
    """What is used of this minute by the keys that have such a limit; nothing while the gate is
    out of reach."""
    limited = [
        key.pk
        for key in keys
        if key.requests_per_minute or key.tokens_per_minute or key.concurrency
    ]
    if not limited:
        return {}
    try:
        uses = connections.steward().read_rates(site_id, [(Scope.KEY, each) for each in limited])
    except GateError:
        return {}
    return dict(zip(limited, uses, strict=True))


@dataclass(frozen=True, slots=True)
class Tally:
    """What a key did over some days."""

    calls: int
    failed: int
    today_nanos: int
    month_nanos: int
    refused: int

    @property
    def success_tenths(self) -> int | None:
        """Of a percent; None without a call."""
        return (self.calls - self.failed) * 1000 // self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class RefusedBy:
    """Refusals of one key by one rule."""

    code: str
    rule: str
    count: int
    last_at: datetime


def tally(key: ApiKey, refused: list[RefusedBy]) -> Tally:
    """Of the last REFUSAL_DAYS local days, and what was spent today and this month. One query."""
    today, since = days.last(1)[0], days.last(REFUSAL_DAYS)[0]
    month = today.replace(day=1)
    [used] = day_sums.of_organization(
        key.organization,
        min(since, month),
        "COALESCE(sum(calls) FILTER (WHERE day >= %(lately)s), 0),"
        " COALESCE(sum(errors) FILTER (WHERE day >= %(lately)s), 0),"
        " COALESCE(sum(charge_nanos) FILTER (WHERE day = %(today)s), 0),"
        " COALESCE(sum(charge_nanos) FILTER (WHERE day >= %(month)s), 0)",
        where="api_key = %(key)s",
        key=key.pk,
        lately=since,
        today=today,
        month=month,
    )
    count = sum(each.count for each in refused)
    calls, failed, spent_today, spent_month = map(int, used)
    return Tally(calls, failed, spent_today, spent_month, count)


def refused_by_rule(key: ApiKey) -> list[RefusedBy]:
    """What refused a key's calls over the last REFUSAL_DAYS local days, the most first."""
    since = days.start_of(days.last(REFUSAL_DAYS)[0])
    grouped = (
        Refusal.objects.filter(organization=key.organization_id, api_key=key.pk, at__gte=since)
        .values_list("code", "rule")
        .annotate(count=Sum("multiplier"), last_at=Max("at"))
        .order_by("-count", "code", "rule")
    )
    return [RefusedBy(*row) for row in grouped[:RULES_MAX]]


def addresses(key: ApiKey) -> list[KeyAddress]:
    """Where a key was used from, the newest first."""
    return list(key.addresses.order_by("-last_at")[:ADDRESSES_MAX])


def trail(key: ApiKey) -> list[AuditRecord]:
    """Who changed what of a key, the newest first."""
    found = AuditRecord.objects.filter(organization=key.organization_id, target_id=key.pk)
    return list(found.filter(action__startswith="key.").order_by("-id")[:TRAIL_MAX])
