"""Where usage events go that can't be posted: a small stream beside the site's own, for people.

Nobody is charged by such an event; its debit goes back to the balance. Never holds up the rest.
"""

import logging
from collections.abc import Iterable

from billing import connections
from billing.gate.blocking import command
from billing.gate.keys import site_prefix
from billing.gate.types import UsageEvent

logger = logging.getLogger(__name__)

# Enough to see what went wrong; a bug that spoils every event must not fill Redis.
EVENTS_MAX = 10_000


def put(site_id: str, spoiled: Iterable[tuple[UsageEvent, str]]) -> None:
    """Keep events with the reason, and alarm. Repeated after a crash, an event is kept twice."""
    for event, reason in spoiled:
        logger.error(
            "usage event %s (call %s of %s, %s nanos) can't be posted: %s",
            event.stream_id,
            event.request_id,
            event.organization,
            event.debited_nanos,
            reason,
        )
        fields = {
            "stream_id": event.stream_id,
            "request_id": event.request_id,
            "organization": event.organization,
            "key": event.key,
            "debited": event.debited_nanos,
            "written_off": event.written_off_nanos,
            "state": event.state.value,
            "ending": event.ending,
            "event": event.event,
            "reason": reason,
        }
        key = site_prefix(site_id) + "quarantine"
        command(connections.redis(), "xadd", key, fields, maxlen=EVENTS_MAX, approximate=True)
