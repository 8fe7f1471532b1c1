"""Checks of the gate against the books. Calls go on meanwhile, so what differs is looked at again
before it is called a difference."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db.models import Sum

from accounts.models import Organization, Site
from billing import connections, ledger
from billing.audit.report import Tally
from billing.gate.blocking import command
from billing.models import CreditOutbox

# The reaper comes every 15 s and may be busy once (acceptance.md, I5).
HOLD_GRACE_MS = 30_000
# A batch is between commit and acknowledgement for some milliseconds; a stuck one stays so.
LOOKS = 20
LOOK_AGAIN_S = 0.1
PAGE_ORGANIZATIONS = 500


def available_is_not_below_zero(tally: Tally) -> Iterator[str]:
    """I3 at the gate."""
    steward = connections.steward()
    for site_id, page in _pages():
        for organization_id, balance in steward.read_balances(site_id, page).items():
            tally.checked += 1
            if balance.available_nanos < 0:
                yield f"{organization_id} has {balance.available_nanos} nanos available"


def holds_end_in_time(tally: Tally) -> Iterator[str]:
    """I5: none is older than its lifetime and the reaper's grace."""
    steward = connections.steward()
    for site_id in Site.objects.order_by("pk").values_list("pk", flat=True):
        holds = steward.open_holds(site_id)
        seconds, _ = command(connections.redis(), "time")
        for hold in holds:
            tally.checked += 1
            over_ms = seconds * 1000 - hold.expires_at_ms
            if over_ms > HOLD_GRACE_MS:
                yield f"the Hold of {hold.hold.request_id} expired {over_ms} ms ago"


def gate_agrees_with_books(tally: Tally) -> Iterator[str]:
    """I7, and that the gate of every site is open."""
    steward = connections.steward()
    for site_id in Site.objects.order_by("pk").values_list("pk", flat=True):
        if steward.read_epoch(site_id) is None:
            yield f"the gate of site {site_id} is closed"
    for site_id, page in _pages():
        tally.checked += len(page)
        differing: Sequence[str] = page
        for look in range(LOOKS):
            if look:
                time.sleep(LOOK_AGAIN_S)
            problems = _differences(site_id, differing)
            differing = list(problems)
            if not differing:
                break
        yield from problems.values()


def _differences(site_id: str, organization_ids: Sequence[str]) -> dict[str, str]:
    """Those whose figures differ at this moment. Credits that still wait are not at the gate."""
    gate = connections.steward().read_balances(site_id, organization_ids)
    posted = ledger.balances_nanos(organization_ids)
    rows = CreditOutbox.objects.filter(organization__in=organization_ids, applied_at=None)
    waiting = dict(rows.values_list("organization_id").annotate(nanos=Sum("amount_nanos")))
    problems = {}
    for each, balance in gate.items():
        expected = posted[each] - waiting.get(each, 0) - balance.unposted_nanos - balance.held_nanos
        if balance.available_nanos != expected:
            problems[each] = (
                f"{each}: {balance.available_nanos} nanos available; posted {posted[each]}"
                f" - waiting {waiting.get(each, 0)} - unposted {balance.unposted_nanos}"
                f" - held {balance.held_nanos} = {expected}"
            )
    return problems


def _pages() -> Iterator[tuple[str, list[str]]]:
    """Organizations by site, a page at a time."""
    by_site: dict[str, list[str]] = defaultdict(list)
    rows = Organization.objects.order_by("site_id", "pk").values_list("site_id", "pk")
    for site_id, organization_id in rows.iterator():
        by_site[site_id].append(organization_id)
        if len(by_site[site_id]) == PAGE_ORGANIZATIONS:
            yield site_id, by_site.pop(site_id)
    yield from by_site.items()
