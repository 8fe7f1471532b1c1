"""Where usage events go that can't be posted: a table, for people to decide.

Nobody is charged by such an event; its debit goes back to the balance. Never holds up the rest.
"""

import logging
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Organization
from billing import connections
from billing.errors import BillingError
from billing.gate import wire
from billing.gate.blocking import run_script
from billing.gate.errors import HoldMismatch
from billing.gate.keys import hold_keys
from billing.gate.scripts import SETTLE
from billing.gate.types import HoldRef, SettleRequest, UsageEvent
from billing.models import QuarantinedEvent

logger = logging.getLogger(__name__)

# A bug that spoils every event must not fill the disk (an event is at most 64 KiB). Beyond it an
# event is only logged: by then the first ones have shown what is wrong.
WAITING_MAX = 10_000

Outcome = QuarantinedEvent.Outcome


class AlreadyDecided(BillingError):
    """Somebody retried or discarded it before."""

    code = "already_decided"


class TooSoon(BillingError):
    """The gate still remembers the Call and would take the retry for a repetition."""

    code = "too_soon"


def put(site_id: str, spoiled: Sequence[tuple[UsageEvent, str]]) -> None:
    """Keep events with the reason, and alarm. Idempotent by (site, stream id)."""
    if not spoiled:
        return
    for event, reason in spoiled:
        logger.error(
            "usage event %s (call %s of %s, %s nanos) can't be posted: %s",
            event.stream_id,
            event.request_id,
            event.organization,
            event.debited_nanos,
            reason,
        )
    room = max(0, WAITING_MAX - waiting_count(site_id))
    QuarantinedEvent.objects.bulk_create(
        [_row(site_id, event, reason) for event, reason in spoiled[:room]], ignore_conflicts=True
    )


def waiting_count(site_id: str) -> int:
    """Events of the site that nobody has decided about."""
    return QuarantinedEvent.objects.filter(site_id=site_id, outcome="").count()


@transaction.atomic
def retry(event_id: int, *, by: audit.Actor) -> None:
    """Debit the Call again, as far as the balance goes, and let its event be posted anew.

    An event that is still spoiled comes back as a new row. Raises AlreadyDecided, TooSoon within
    five minutes of the Call's end, and GateError with nothing changed.
    """
    row = _claim(event_id)
    ref = HoldRef(row.site_id, row.request_id, row.organization_id, row.key_id, ())
    request = SettleRequest(
        ref, row.debited_nanos + row.written_off_nanos, 0, row.ending, bytes(row.event)
    )
    # Not idempotent by itself after five minutes; the row's lock is what keeps a second away. A
    # crash before the commit can append it twice: posting then drops one by its request id.
    reply = run_script(connections.redis(), SETTLE, hold_keys(ref), wire.settle_args(request))
    if _is_remembered(reply):
        raise TooSoon("wait until five minutes after the end of the call")
    _decide(row, Outcome.RETRIED, by, "")


@transaction.atomic
def discard(event_id: int, *, by: audit.Actor, reason: str) -> None:
    """Decide that nobody will be charged by it. The row stays. Raises AlreadyDecided."""
    _decide(_claim(event_id), Outcome.DISCARDED, by, reason)


def _is_remembered(reply: object) -> bool:
    """Whether the Call's tombstone is still there, with or without budgets of its own."""
    try:
        return wire.parse_settlement(reply).is_replay
    except HoldMismatch:
        return True


def _claim(event_id: int) -> QuarantinedEvent:
    rows = QuarantinedEvent.objects.select_for_update(of=("self",))
    row = rows.filter(pk=event_id, outcome="").first()
    if row is None:
        raise AlreadyDecided(f"event {event_id} waits for no decision")
    return row


def _decide(row: QuarantinedEvent, outcome: Outcome, by: audit.Actor, reason: str) -> None:
    row.outcome = outcome
    row.decided_at = timezone.now()
    row.decided_by = by.user
    row.decision_reason = reason
    row.save(update_fields=["outcome", "decided_at", "decided_by", "decision_reason"])
    action = "event.retry" if outcome is Outcome.RETRIED else "event.discard"
    organization = Organization.objects.filter(pk=row.organization_id, site=row.site_id).first()
    after = {"request_id": row.request_id, "debited_nanos": row.debited_nanos}
    audit.record(
        by, action, row, site=row.site, organization=organization, after=after, reason=reason
    )
    logger.warning("quarantined call %s of %s: %s", row.request_id, row.organization_id, outcome)


def _row(site_id: str, event: UsageEvent, reason: str) -> QuarantinedEvent:
    return QuarantinedEvent(
        site_id=site_id,
        stream_id=event.stream_id,
        request_id=_text(event.request_id),
        organization_id=_text(event.organization),
        key_id=_text(event.key),
        debited_nanos=event.debited_nanos,
        written_off_nanos=event.written_off_nanos,
        state=event.state.value,
        ending=event.ending[:40],
        event=event.event,
        reason=_text(reason)[:300],
    )


def _text(text: str) -> str:
    """What Postgres can keep: a spoiled event may hold anything."""
    return text.replace("\0", "")[:200]
