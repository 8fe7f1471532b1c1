"""The names of the gate's keys in Redis. All keys of a site share one hash tag, `{site}`.

A name that holds a period or an id ends in it, so that no key is ever reset: it expires.
"""

from functools import lru_cache

from billing.gate.types import Budget, HoldRef, Scope

# Sites on one deployment that stay cached; a site beyond it costs a validation, nothing else.
SITES_CACHED_MAX = 4096


@lru_cache(maxsize=SITES_CACHED_MAX)
def site_prefix(site: str) -> str:
    """`tg:{site}:`. Raises ValueError for an id that would move the hash tag."""
    if not site or "{" in site or "}" in site:
        raise ValueError(f"not a site id that Redis can tag: {site!r}")
    return f"tg:{{{site}}}:"


def epoch_key(site: str) -> str:
    """Holds the epoch id while the gate is open; absent means closed."""
    return site_prefix(site) + "epoch"


def usage_key(site: str) -> str:
    """The stream of usage events."""
    return site_prefix(site) + "usage"


def holds_key(site: str) -> str:
    """The sorted set of open Holds by expiry, milliseconds of Redis time."""
    return site_prefix(site) + "holds"


def hold_key(site: str, request_id: str) -> str:
    """The hash of one Hold; after its end the same hash is its tombstone."""
    return f"{site_prefix(site)}hold:{request_id}"


def organization_key(site: str, organization: str) -> str:
    """The hash of an organization's money: available, held, unposted, open."""
    return f"{site_prefix(site)}org:{organization}"


def credited_key(site: str, transaction_id: str) -> str:
    """Marks a ledger transaction that the balance has seen."""
    return f"{site_prefix(site)}credited:{transaction_id}"


def spent_key(site: str, scope: Scope, owner: str, period: str) -> str:
    """The hash of one budget's period: spent, held."""
    return f"{site_prefix(site)}spent:{scope.value}:{owner}:{period}"


def rate_key(site: str, scope: Scope, owner: str) -> str:
    """The hash of a minute's requests and tokens."""
    return f"{site_prefix(site)}rate:{scope.value}:{owner}"


def owner_key(site: str, scope: Scope, owner: str) -> str:
    """The hash that counts an owner's open Calls."""
    if scope is Scope.KEY:
        return f"{site_prefix(site)}key:{owner}"
    return organization_key(site, owner)


def _budget_key(ref: HoldRef, budget: Budget) -> str:
    owner = ref.key if budget.scope is Scope.KEY else ref.organization
    return spent_key(ref.site, budget.scope, owner, budget.period)


def hold_keys(ref: HoldRef) -> list[str]:
    """KEYS of every script that works on a Hold, in the order its header gives."""
    prefix = site_prefix(ref.site)
    keys = [
        prefix + "epoch",
        f"{prefix}hold:{ref.request_id}",
        prefix + "holds",
        f"{prefix}org:{ref.organization}",
        f"{prefix}key:{ref.key}",
        prefix + "usage",
        f"{prefix}rate:key:{ref.key}",
        f"{prefix}rate:organization:{ref.organization}",
    ]
    if ref.budgets:
        keys += [_budget_key(ref, budget) for budget in ref.budgets]
    return keys


def budget_names(budgets: tuple[Budget, ...]) -> str:
    """How a Hold remembers its budgets: `key:2026-11-21,organization:2026-11`."""
    if not budgets:
        return ""
    return ",".join([f"{budget.scope.value}:{budget.period}" for budget in budgets])


def parse_budget_names(names: str) -> tuple[Budget, ...]:
    """The inverse of `budget_names`; limits and ends are not remembered and come back as 0."""
    pairs = [name.partition(":") for name in names.split(",")] if names else []
    return tuple(Budget(Scope(scope), period, limit_nanos=0) for scope, _, period in pairs)
