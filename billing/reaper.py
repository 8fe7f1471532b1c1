"""Ends what nobody else will: Holds of relays that died, names of workers that did, episodes that
fell silent."""

from django.utils import timezone

from billing import connections, episodes
from billing.signals import refusals_posted

# Holds per script run and runs per tick: the next tick, seconds later, takes the rest.
HOLDS_PER_TURN = 500
TURNS_MAX = 20
# A worker asks for usage twice a second and takes seconds for its longest batch. Each start makes
# a new name, so that without this a deployment's every restart would leave one behind.
WORKER_SILENT_MS = 600_000


def reap(site_id: str) -> int:
    """Expire the site's Holds whose time has passed; how many were ended.

    Each is charged its checkpoint if anything had been delivered. Raises GateError.
    """
    steward = connections.steward()
    ended = 0
    for _ in range(TURNS_MAX):
        turn = len(steward.expire_due(site_id, HOLDS_PER_TURN))
        ended += turn
        if turn < HOLDS_PER_TURN:
            break
    connections.usage_stream(site_id).forget_consumers(idle_ms=WORKER_SILENT_MS)
    return ended


def close_silent_episodes() -> None:
    """Close the episodes of causes that pass by themselves."""
    organization_ids = episodes.close_silent(timezone.now())
    if organization_ids:
        refusals_posted.send_robust(sender=None, organization_ids=organization_ids)
