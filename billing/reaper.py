"""Ends what nobody else will: Holds of relays that died, episodes that fell silent."""

from django.utils import timezone

from billing import connections, episodes
from billing.signals import refusals_posted

# Holds per script run and runs per tick: the next tick, seconds later, takes the rest.
HOLDS_PER_TURN = 500
TURNS_MAX = 20


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
    return ended


def close_silent_episodes() -> None:
    """Close the episodes of causes that pass by themselves."""
    organization_ids = episodes.close_silent(timezone.now())
    if organization_ids:
        refusals_posted.send_robust(sender=None, organization_ids=organization_ids)
