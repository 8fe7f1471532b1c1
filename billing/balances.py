"""What an organization has, as people see it: the books' balance and what the gate says of it now.

Reads only. With the gate out of reach it tells the posted figures and says that they are not live.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import Organization
from billing import connections, ledger
from billing.gate.errors import GateError
from billing.gate.types import Balance as GateBalance


@dataclass(frozen=True, slots=True)
class Balance:
    """Nanos of the site's currency. Available is what the next Call can spend: it already lacks
    what is held and what was used but not yet posted, so it may be less than posted - held."""

    posted_nanos: int
    held_nanos: int
    available_nanos: int
    is_live: bool


def read(organization: Organization) -> Balance:
    """The organization's balance now."""
    return read_many([organization])[organization.pk]


def read_many(organizations: Iterable[Organization]) -> dict[str, Balance]:
    """The balance of each, by id: one query, and one script per site and 500 organizations."""
    by_site: dict[str, list[str]] = defaultdict(list)
    for organization in organizations:
        by_site[organization.site_id].append(organization.pk)
    live: dict[str, GateBalance] = {}
    for site_id, ids in by_site.items():
        live |= _read_gate(site_id, ids)
    posted = ledger.balances_nanos([each for ids in by_site.values() for each in ids])
    return {each: _combine(nanos, live.get(each)) for each, nanos in posted.items()}


def _read_gate(site_id: str, organization_ids: list[str]) -> dict[str, GateBalance]:
    """Nothing while the gate is closed: what it holds then may be from before a loss."""
    try:
        steward = connections.steward()
        if steward.read_epoch(site_id) is None:
            return {}
        return steward.read_balances(site_id, organization_ids)
    except GateError:
        return {}


def _combine(posted_nanos: int, live: GateBalance | None) -> Balance:
    if live is None:
        return Balance(posted_nanos, 0, posted_nanos, is_live=False)
    return Balance(posted_nanos, live.held_nanos, live.available_nanos, is_live=True)
