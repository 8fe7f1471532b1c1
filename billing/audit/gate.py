"""Checks of the gate against the books. Calls go on meanwhile, so what differs is looked at again
before it is called a difference."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from django.db.models import QuerySet, Sum

from accounts.models import Organization, Site
from billing import connections, gates, ledger
from billing.audit.ledger import disputed_nanos
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
    """I3 at the gate. Only what banks took back may be missing."""
    steward = connections.steward()
    for site_id, page in _pages(Organization.objects.all()):
        tally.checked += len(page)
        found = steward.read_balances(site_id, page)
        below = {
            each: found[each].available_nanos for each in page if found[each].available_nanos < 0
        }
        disputed = disputed_nanos(below)
        for organization_id, nanos in below.items():
            if nanos + disputed.get(organization_id, 0) < 0:
                yield f"{organization_id} has {nanos} nanos available"


def holds_end_in_time(tally: Tally) -> Iterator[str]:
    """I5: none is older than its lifetime and the reaper's grace."""
    yield from overdue_holds(tally)


def overdue_holds(tally: Tally | None = None) -> Iterator[str]:
    """Holds that should have been ended, in words."""
    tally = tally or Tally()
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
    for site_id in closed_gates():
        yield f"the gate of site {site_id} is closed"
    for site_id, page in _pages(Organization.objects.all()):
        tally.checked += len(page)
        yield from _lasting(site_id, page).values()


def closed_gates() -> list[str]:
    """Sites whose balances are not loaded."""
    steward = connections.steward()
    site_ids = Site.objects.order_by("pk").values_list("pk", flat=True)
    return [site_id for site_id in site_ids if steward.read_epoch(site_id) is None]


def lasting_differences(
    organization_ids: Collection[str], *, skip: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Organizations whose figures differ and stay so, each with what differs, in words.

    `skip` names sites that are not to be looked at.
    """
    rows = Organization.objects.filter(pk__in=organization_ids).exclude(site__in=skip)
    for site_id, page in _pages(rows):
        yield from _lasting(site_id, page).items()


def _lasting(site_id: str, organization_ids: Sequence[str]) -> dict[str, str]:
    """What differs at every look; an organization that agrees once is sound."""
    problems = _differences(site_id, organization_ids, {})
    for _ in range(LOOKS - 1):
        if not problems:
            break
        time.sleep(LOOK_AGAIN_S)
        # A batch whose worker died is in the books and not acknowledged until it is reclaimed.
        booked = gates.sum_booked(site_id)
        problems = _differences(site_id, list(problems), booked)
    return problems


def _differences(
    site_id: str, organization_ids: Sequence[str], booked: Mapping[str, int]
) -> dict[str, str]:
    """Those whose figures differ at this moment. Credits that still wait are not at the gate."""
    gate = connections.steward().read_balances(site_id, organization_ids)
    posted = ledger.balances_nanos(organization_ids)
    rows = CreditOutbox.objects.filter(organization__in=organization_ids, applied_at=None)
    waiting = dict(rows.values_list("organization_id").annotate(nanos=Sum("amount_nanos")))
    problems = {}
    for each, balance in gate.items():
        unposted = balance.unposted_nanos - booked.get(each, 0)
        expected = posted[each] - waiting.get(each, 0) - unposted - balance.held_nanos
        if balance.available_nanos != expected:
            problems[each] = (
                f"{each}: {balance.available_nanos} nanos available; posted {posted[each]}"
                f" - waiting {waiting.get(each, 0)} - unposted {unposted}"
                f" - held {balance.held_nanos} = {expected}"
            )
    return problems


def _pages(organizations: QuerySet[Organization]) -> Iterator[tuple[str, list[str]]]:
    """Organizations by site, a page at a time."""
    by_site: dict[str, list[str]] = defaultdict(list)
    rows = organizations.order_by("site_id", "pk").values_list("site_id", "pk")
    for site_id, organization_id in rows.iterator():
        by_site[site_id].append(organization_id)
        if len(by_site[site_id]) == PAGE_ORGANIZATIONS:
            yield site_id, by_site.pop(site_id)
    yield from by_site.items()
